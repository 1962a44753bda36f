-- One row per month that was closed in the earlier publication and payment request that it counts.
with source as (select * from {{ source('history', 'closed_payments') }})

select
    closed_month,
    revision,
    source_id,
    payment_request_id,
    agency_code,
    source_agency_code,
    amount_vnd,
    phi_vnd,
    le_phi_vnd,
    status_id,
    method_id,
    collection_id,
    is_paid,
    is_online_payment,
    is_refunded,
    paid_at,
    paid_month,
    refunded_at,
    refunded_month,
    extract_id,
    row_number
from source
