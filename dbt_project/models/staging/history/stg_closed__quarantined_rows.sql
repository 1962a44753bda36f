-- One row per month that is closed and row that was set aside when it was closed.
with source as (select * from {{ source('closed', 'quarantined_rows') }})

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
