-- One row per month that is closed, with the revision in force.
with source as (select * from {{ source('closed', 'months') }})

select
    month,
    revision,
    publication_number,
    cast(left(closed_at, 19) as timestamp) as closed_at,
    approved_by
from source
