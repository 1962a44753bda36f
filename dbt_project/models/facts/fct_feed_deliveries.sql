-- One row per source, entity (filings, payments), month and agency in force: whether its feed came, and when.
with extracts as (
    select * from {{ ref('stg_landing__extracts') }}
    where entity in ('filings', 'payment_requests', 'payment_attempts')
),

agencies as (
    select * from {{ ref('dim_agencies') }}
    where is_known
),

calendar as (select * from {{ ref('stg_province__expected_feeds') }}),

dates as (select * from {{ ref('dim_dates') }}),

filings as (select * from {{ ref('int_filings_disposed') }}),

requests as (select * from {{ ref('int_payment_requests_disposed') }}),

attempts as (select * from {{ ref('int_payment_attempts_disposed') }}),

-- Every month between the first and the last that any of these files is for: a month in the middle that did not come is
-- owed too, and so are the filings of a month of which only payments came. What is before the first file is not owed: a
-- warehouse begins somewhere. The newest month is the horizon; a night on which nothing at all came is for the DAG to
-- tell.
bounds as (
    select
        min(file_month) as first_month,
        max(file_month) as last_month
    from extracts
),

months as (
    select distinct dates.month
    from dates
    inner join bounds on dates.month between bounds.first_month and bounds.last_month
),

feeds as (
    select distinct
        source_id,
        entity
    from extracts
    union distinct
    select distinct
        source_id,
        entity
    from calendar
    where entity in ('filings', 'payment_requests', 'payment_attempts')
),

agency_months as (
    select
        feeds.source_id,
        feeds.entity,
        months.month,
        agencies.agency_code
    from feeds
    cross join months
    inner join agencies
        on
            agencies.valid_from <= {{ dbt.last_day('months.month', 'month') }}
            and (agencies.valid_to is null or months.month <= agencies.valid_to)
    group by feeds.source_id, feeds.entity, months.month, agencies.agency_code
),

-- A file of the month without more in its name is for all agencies; one whose name goes on with an agency's code
-- (2022-10.H62.01.csv) is that agency's own. Every version of a file counts: a corrected one is not late for it.
file_names as (
    select
        extract_id,
        source_id,
        entity,
        file_month,
        file_name,
        {{ file_suffix('file_name') }} as name_suffix,
        fetched_at
    from extracts
),

for_all as (
    select
        source_id,
        entity,
        file_month,
        min(fetched_at) as arrived_at
    from file_names
    where name_suffix = ''
    group by source_id, entity, file_month
),

codes as (select distinct agency_code from agencies),

-- The longest code that fits: H62.01's file is not also that of an agency H62.
named_agencies as (
    select
        file_names.source_id,
        file_names.entity,
        file_names.file_month,
        file_names.fetched_at,
        codes.agency_code
    from file_names
    inner join codes
        on
            file_names.name_suffix = codes.agency_code
            or left(file_names.name_suffix, length(codes.agency_code) + 1) = codes.agency_code || '.'
    qualify row_number() over (partition by file_names.extract_id order by length(codes.agency_code) desc) = 1
),

own as (
    select
        source_id,
        entity,
        file_month,
        agency_code,
        min(fetched_at) as arrived_at
    from named_agencies
    group by source_id, entity, file_month, agency_code
),

-- An agency whose rows stand in a file of another name has delivered, even if all of them were set aside. Not so in a
-- supplement (2022-10.bo-sung.csv): it adds a few rows to what has come, and they would pass for the whole month.
rows_seen as (
    select
        extract_id,
        source_agency_code
    from filings
    group by extract_id, source_agency_code
    union all
    select
        extract_id,
        source_agency_code
    from requests
    group by extract_id, source_agency_code
    union all
    -- An attempt names no agency: it is that of its request.
    select
        attempts.extract_id,
        requests.source_agency_code
    from attempts
    inner join requests
        on
            attempts.source_id = requests.source_id
            and attempts.payment_request_id = requests.payment_request_id
            and requests.disposition = 'fact'
    group by attempts.extract_id, requests.source_agency_code
),

by_rows as (
    select
        active.source_id,
        active.entity,
        active.file_month,
        rows_seen.source_agency_code,
        min(versions.fetched_at) as arrived_at
    from rows_seen
    inner join file_names as active on rows_seen.extract_id = active.extract_id
    inner join file_names as versions
        on
            active.source_id = versions.source_id
            and active.entity = versions.entity
            and active.file_name = versions.file_name
    where active.name_suffix <> 'bo-sung'
    group by active.source_id, active.entity, active.file_month, rows_seen.source_agency_code
),

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
            order by case when calendar.agency_code = '*' then 1 else 0 end, calendar.due_working_day
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
)

select
    agency_months.source_id,
    agency_months.entity,
    agency_months.month,
    agency_months.agency_code,
    owed.agency_code is not null as is_expected,
    coalesce(for_all.arrived_at, own.arrived_at, by_rows.arrived_at) is not null as is_delivered,
    owed.due_on,
    least(for_all.arrived_at, own.arrived_at, by_rows.arrived_at) as first_arrived_at
from agency_months
left join for_all
    on
        agency_months.source_id = for_all.source_id
        and agency_months.entity = for_all.entity
        and agency_months.month = for_all.file_month
left join own
    on
        agency_months.source_id = own.source_id
        and agency_months.entity = own.entity
        and agency_months.month = own.file_month
        and agency_months.agency_code = own.agency_code
left join by_rows
    on
        agency_months.source_id = by_rows.source_id
        and agency_months.entity = by_rows.entity
        and agency_months.month = by_rows.file_month
        and agency_months.agency_code = by_rows.source_agency_code
left join owed
    on
        agency_months.source_id = owed.source_id
        and agency_months.entity = owed.entity
        and agency_months.month = owed.month
        and agency_months.agency_code = owed.agency_code
