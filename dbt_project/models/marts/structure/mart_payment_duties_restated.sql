-- One row per month, scope and entity (agency, group, province) of the newest structure: mart_payment_duties restated.
{% set measures = [
    'received', 'fee_bearing', 'no_fee', 'unknown_procedure', 'waived', 'with_duty', 'paid_online', 'paid_otherwise',
    'asked_not_paid', 'not_asked', 'flagged_paid',
] -%}
with duties as (select * from {{ ref('mart_payment_duties') }}),

restated as (
    {{ restate_agency_rows('duties', measures, missing='received') }}
)

-- A zero denominator has no share: NULL, never 0 %.
select
    month,
    scope,
    entity_code,
    entity_name_vi,
    entity_name_en,
    group_code,
    official_order,
    structure_on,
    agency_count,
    missing_agencies{% for measure in measures %},
    {{ measure }}{% endfor %},
    cast(100.0 * paid_online / nullif(with_duty, 0) as double) as paid_online_percent,
    cast(100.0 * flagged_paid / nullif(with_duty, 0) as double) as flagged_paid_percent
from restated
order by month, scope, official_order, entity_code
