-- One row per source, entity and month of the frozen past: how many facts it held when a person last looked.
with source as (select * from {{ source('expectations', 'row_counts') }})

select
    source_id,
    entity,
    cast(file_month || '-01' as date) as file_month,
    fact_rows
from source
