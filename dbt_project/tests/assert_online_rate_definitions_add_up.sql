-- A row is a definition of the online rate that the report's own and the itemised differences do not add up to, a
-- report's definition that is not the report's rate, or a month without exactly one definition for the report. A month
-- that was closed before these marts were there is computed live and need not equal its frozen rate.
with definitions as (select * from {{ ref('mart_online_rate_definitions') }}),

gaps as (
    select
        metric_id,
        version,
        month,
        scope,
        entity_code,
        sum(enters_numerator - leaves_numerator) as numerator,
        sum(enters_denominator - leaves_denominator) as denominator
    from {{ ref('mart_online_rate_definition_gaps') }}
    group by metric_id, version, month, scope, entity_code
),

reports as (
    select * from definitions
    where is_report_definition and is_in_force
),

closed_months as (
    select month from {{ ref('mart_closed_months') }}
    where is_in_force
)

select
    'gaps' as what,
    definitions.metric_id,
    definitions.month,
    definitions.scope,
    definitions.entity_code
from definitions
inner join reports
    on
        definitions.month = reports.month
        and definitions.scope = reports.scope
        and definitions.entity_code = reports.entity_code
left join gaps
    on
        definitions.metric_id = gaps.metric_id
        and definitions.version = gaps.version
        and definitions.month = gaps.month
        and definitions.scope = gaps.scope
        and definitions.entity_code = gaps.entity_code
where
    (definitions.numerator is null) <> (reports.numerator is null)
    or definitions.numerator <> reports.numerator + coalesce(gaps.numerator, 0)
    or definitions.denominator <> reports.denominator + coalesce(gaps.denominator, 0)

union all

select
    'the report' as what,
    reports.metric_id,
    rates.month,
    rates.scope,
    rates.entity_code
from {{ ref('mart_online_rates') }} as rates
left join reports
    on rates.month = reports.month and rates.scope = reports.scope and rates.entity_code = reports.entity_code
where
    rates.month not in (select closed_months.month from closed_months)
    and (
        reports.metric_id is null
        or coalesce(rates.online, -1) <> coalesce(reports.numerator, -1)
        or coalesce(rates.received, -1) <> coalesce(reports.denominator, -1)
    )

union all

select
    'more than one' as what,
    null as metric_id,
    month,
    scope,
    entity_code
from reports
group by month, scope, entity_code
having count(*) > 1

union all

-- A scan that found nothing has checked nothing.
select
    'no definition at all' as what,
    null as metric_id,
    null as month,
    null as scope,
    null as entity_code
from definitions
having count(*) = 0
