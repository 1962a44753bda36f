-- One row: what this candidate is made with.
with source as (select * from {{ source('history', 'candidate') }})

select
    publication_number,
    software_version,
    definitions_digest,
    province_digest
from source
