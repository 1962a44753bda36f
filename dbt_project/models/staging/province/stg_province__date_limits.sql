-- One row per source and limit of its dates that is its own.
with source as (select * from {{ source('province', 'date_limits') }})

select
    source_id,
    limit_id,
    limit_value
from source
