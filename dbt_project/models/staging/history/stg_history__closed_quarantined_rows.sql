-- One row per month that was closed in the earlier publication and row that was set aside when it was closed.
with source as (select * from {{ source('history', 'closed_quarantined_rows') }})

select
    closed_month,
    revision,
    source_id,
    entity,
    file_name,
    row_number,
    record_key,
    extract_id
from source
