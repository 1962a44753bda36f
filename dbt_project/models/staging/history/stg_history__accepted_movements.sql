-- One row per movement beyond its band that a person has accepted, with the figures that the person was shown.
with source as (select * from {{ source('history', 'accepted_movements') }})

select
    entity,
    measure,
    scope,
    entity_code,
    month,
    before_value,
    new_value,
    extract_id
from source
