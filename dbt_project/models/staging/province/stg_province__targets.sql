-- One row per target.
with source as (select * from {{ source('province', 'targets') }})

select
    target_id,
    scope,
    entity_code,
    metric,
    target_percent,
    valid_from,
    valid_to,
    name_vi,
    legal_basis,
    certainty,
    name_en,
    legal_basis_en
from source
