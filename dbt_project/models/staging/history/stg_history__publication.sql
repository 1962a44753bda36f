-- One row, or none before the first: the publication that readers see while the candidate is built.
with source as (select * from {{ source('history', 'publication') }})

select
    publication_number,
    software_version,
    definitions_digest,
    province_digest
from source
