-- One row per payment attempt of the earlier publication.
with source as (select * from {{ source('history', 'payment_attempts') }})

select
    source_id,
    payment_attempt_id,
    agency_code,
    amount_vnd,
    attempted_month,
    extract_id,
    row_number
from source
