-- One row per scope, entity and month of the earlier publication's online rates.
with source as (select * from {{ source('history', 'online_rates') }})

select
    month,
    scope,
    entity_code,
    entity_name_vi,
    group_code,
    received,
    direct,
    online,
    postal,
    online_level_3,
    online_level_4,
    online_no_level,
    online_rate_percent
from source
