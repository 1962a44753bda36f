-- One row per month that is closed: its revision, and what its figures were made with.
with source as (select * from {{ source('closed', 'months') }})

select
    month,
    revision,
    publication_number,
    software_version,
    definitions_digest,
    province_digest
from source
