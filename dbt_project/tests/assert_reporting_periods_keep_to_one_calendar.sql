-- A row is a period whose key names another calendar, that is compared with one of another calendar or kind, or that
-- does not begin the day after the one before it of its calendar and kind ends (the first nine months of two years do
-- not).
with periods as (select * from {{ ref('dim_reporting_periods') }}),

bases as (
    select
        own.period_key,
        base.period_key as base_period_key
    from periods as own
    inner join periods as base on base.period_key in (own.previous_period_key, own.year_before_period_key)
    where own.calendar_id <> base.calendar_id or own.kind <> base.kind
),

series as (
    select
        period_key,
        kind,
        first_day,
        lag(period_key) over (partition by calendar_id, kind order by first_day) as earlier_key,
        lag(last_day) over (partition by calendar_id, kind order by first_day) as earlier_last_day
    from periods
)

select
    'key' as what,
    period_key,
    calendar_id as other_key
from periods
where period_key <> calendar_id || '/' || period_code

union all

select
    'base' as what,
    period_key,
    base_period_key as other_key
from bases

union all

select
    'series' as what,
    period_key,
    earlier_key as other_key
from series
where
    earlier_last_day >= first_day
    or (kind <> 'nine_months' and {{ dbt.dateadd('day', 1, 'earlier_last_day') }} <> first_day)

union all

-- A scan that found nothing has checked nothing.
select
    'no period at all' as what,
    null as period_key,
    null as other_key
from periods
having count(*) = 0
