-- One row per source, entity, month and agency in force in it: whether it owes the feed, by what, and until which day.
{% set agency_month = ['source_id', 'entity', 'month', 'agency_code'] -%}
with agency_months as (select * from {{ ref('int_feed_months') }}),

calendar as (select * from {{ ref('stg_province__expected_feeds') }}),

dates as (select * from {{ ref('dim_dates') }}),

row_counts as (select * from {{ ref('int_feed_row_counts') }}),

usual as (select * from {{ ref('int_feed_usual_rows') }}),

working_days as (
    select
        date_day,
        month,
        row_number() over (partition by month order by date_day) as working_day,
        count(*) over (partition by month) as working_days_of_month
    from dates
    where is_working_day
),

-- An agency's own entry in the calendar goes before the one for all.
entries as (
    select
        agency_months.source_id,
        agency_months.entity,
        agency_months.month,
        agency_months.agency_code,
        calendar.due_working_day
    from agency_months
    inner join calendar
        on
            agency_months.source_id = calendar.source_id
            and agency_months.entity = calendar.entity
            and calendar.agency_code in ('*', agency_months.agency_code)
            and agency_months.month between calendar.valid_from and coalesce(
                calendar.valid_to, cast('9999-12-31' as date)
            )
    qualify
        row_number() over (
            partition by
                agency_months.source_id, agency_months.entity, agency_months.month, agency_months.agency_code
            order by
                case when calendar.agency_code = '*' or calendar.is_for_all then 1 else 0 end, calendar.due_working_day
        ) = 1
),

-- A month with fewer working days (Tết) has its last one as the day due: the feed is owed all the same.
owed as (
    select
        entries.source_id,
        entries.entity,
        entries.month,
        entries.agency_code,
        working_days.date_day as due_on
    from entries
    inner join working_days
        on
            working_days.month = {{ dbt.dateadd('month', 1, 'entries.month') }}
            and working_days.working_day = least(entries.due_working_day, working_days.working_days_of_month)
),

-- What the calendar is silent about altogether is owed by whoever has sent it before, and attempts by whose requests of
-- the month came: without them the figures would be small and look whole.
owed_by_habit as (
    select
        agency_months.source_id,
        agency_months.entity,
        agency_months.month,
        agency_months.agency_code
    from agency_months
    left join usual on {{ share('agency_months', 'usual', agency_month) }}
    left join row_counts as requests_of_month
        on
            agency_months.source_id = requests_of_month.source_id
            and case when agency_months.entity = 'payment_attempts' then 'payment_requests' end
            = requests_of_month.entity
            and agency_months.month = requests_of_month.file_month
            and agency_months.agency_code = requests_of_month.agency_code
    left join calendar
        on
            agency_months.source_id = calendar.source_id
            and agency_months.entity = calendar.entity
            and calendar.agency_code in ('*', agency_months.agency_code)
    where
        calendar.source_id is null
        and (usual.months_with_rows > 0 or requests_of_month.agency_code is not null)
    group by
        agency_months.source_id,
        agency_months.entity,
        agency_months.month,
        agency_months.agency_code
)

select
    agency_months.source_id,
    agency_months.entity,
    agency_months.month,
    agency_months.agency_code,
    owed.due_on,
    owed.agency_code is not null as is_owed_by_calendar,
    owed_by_habit.agency_code is not null as is_owed_by_habit
from agency_months
left join owed on {{ share('agency_months', 'owed', agency_month) }}
left join owed_by_habit on {{ share('agency_months', 'owed_by_habit', agency_month) }}
