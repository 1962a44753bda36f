-- A row is a change between periods of two calendars, kinds or lengths, of a rate that is not the period's in its mart,
-- or in the wrong unit: a share in per cent, a count in points, or neither and no reason.
with changes as (select * from {{ ref('mart_period_changes') }}),

rates as (select * from {{ ref('mart_period_online_rates') }}),

periods as (select * from {{ ref('dim_reporting_periods') }})

select
    'periods' as what,
    changes.period_key,
    changes.metric
from changes
inner join periods as own on changes.period_key = own.period_key
inner join periods as base on changes.base_period_key = base.period_key
where
    own.calendar_id <> base.calendar_id
    or own.kind <> base.kind
    or own.month_count <> base.month_count
    or base.last_day >= own.first_day

union all

select
    'unit' as what,
    period_key,
    metric
from changes
where
    (metric = 'online_rate' and change_percent is not null)
    or (metric <> 'online_rate' and change_points is not null)
    or (change_points is null and change_percent is null and reason_id is null)
    or ((change_points is not null or change_percent is not null) and reason_id is not null)

union all

select
    'figures' as what,
    changes.period_key,
    changes.metric
from changes
inner join rates
    on
        changes.period_key = rates.period_key
        and changes.scope = rates.scope
        and changes.entity_code = rates.entity_code
where
    changes.metric = 'online_rate'
    and (
        coalesce(changes.numerator, -1) <> coalesce(rates.online, -1)
        or coalesce(changes.denominator, -1) <> coalesce(rates.received, -1)
        or coalesce(changes.rate_percent, -1) <> coalesce(rates.online_rate_percent, -1)
    )

union all

-- A scan that found nothing has checked nothing.
select
    'no change at all' as what,
    null as period_key,
    null as metric
from changes
having count(*) = 0
