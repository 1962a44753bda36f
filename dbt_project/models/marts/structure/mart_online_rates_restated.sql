-- One row per month, scope and entity (agency, group, province) of the newest structure: mart_online_rates restated.
-- Closed months are restated too: their agencies' rows are the frozen ones, and the structure is not what was closed.
{% set measures = [
    'received', 'direct', 'direct_assumed', 'online', 'postal', 'online_level_3', 'online_level_4', 'online_no_level'
] -%}
with rates as (select * from {{ ref('mart_online_rates') }}),

{{ restate_mart('rates', {
    'measures': measures,
    'missing': 'received',
    'shares': {'online_rate_percent': ('online', 'received')},
}) }}
