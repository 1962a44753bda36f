-- One row per month and revision that was ever closed, those that were opened again included.
with source as (select * from {{ source('closed', 'revisions') }})

select
    month,
    revision,
    publication_number,
    -- Moments are kept as text in the province's zone: its clock time is what people read.
    cast(left(closed_at, 19) as timestamp) as closed_at,
    approved_by,
    note,
    cast(left(reopened_at, 19) as timestamp) as reopened_at,
    reopened_by,
    reason as reopen_reason
from source
