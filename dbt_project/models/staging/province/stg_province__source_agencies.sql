-- One row per source and agency that it serves.
with source as (select * from {{ source('province', 'source_agencies') }})

select
    source_id,
    agency_code
from source
