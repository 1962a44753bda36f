-- One row per row that the earlier publication had set aside.
with source as (select * from {{ source('history', 'quarantined_rows') }})

select
    source_id,
    entity,
    file_name,
    row_number,
    record_key,
    extract_id
from source
