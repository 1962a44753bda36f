-- One row per month, scope and entity (agency, group, province) of the newest structure: mart_online_rates restated.
-- Closed months are restated too: their agencies' rows are the frozen ones, and the structure is not what was closed.
{% set measures = [
    'received', 'direct', 'direct_assumed', 'online', 'postal', 'online_level_3', 'online_level_4', 'online_no_level'
] -%}
with rates as (select * from {{ ref('mart_online_rates') }}),

restated as (
    {{ restate_agency_rows('rates', measures, missing='received') }}
)

-- A zero denominator has no rate: NULL, never 0 %.
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
    cast(100.0 * online / nullif(received, 0) as double) as online_rate_percent
from restated
order by month, scope, official_order, entity_code
