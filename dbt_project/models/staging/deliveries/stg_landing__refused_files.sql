-- One row per file or folder of a source that lies in the inbox and did not land.
with source as (select * from {{ source('landing', 'refused_files') }})

select
    refusal_number,
    source_id,
    entity,
    cast(file_month || '-01' as date) as file_month,
    file_name,
    refusal_reason
from source
