-- One row per month that was closed in the earlier publication: its revision, and what its figures were made with.
with source as (select * from {{ source('history', 'closed_months') }})

select
    month,
    revision,
    publication_number,
    software_version,
    definitions_digest,
    province_digest
from source
