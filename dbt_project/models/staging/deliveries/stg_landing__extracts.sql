-- One row per extract in landing, older versions of a file included.
with source as (select * from {{ source('landing', 'extracts') }})

select
    extract_id,
    source_id,
    entity,
    cast(file_month || '-01' as date) as file_month,
    file_name,
    arrival,
    month_means,
    is_active,
    landed_rows,
    landed_amount_vnd,
    control_rows,
    control_amount_vnd,
    fetched_at,
    left_out,
    no_date_words,
    no_date_days
from source
