-- One row per payment attempt (giao dịch thanh toán) at the gateway.
with disposed as (select * from {{ ref('int_payment_attempts_disposed') }}),

payments as (select * from {{ ref('fct_payments') }}),

current_attempts as (
    select * from disposed
    where disposition = 'fact'
)

select
    attempts.source_id,
    attempts.payment_attempt_id,
    attempts.payment_request_id,
    payments.payment_request_id is not null as has_payment_request,
    attempts.filing_id,
    coalesce(payments.agency_key, 'unknown') as agency_key,
    coalesce(payments.agency_code, 'unknown') as agency_code,
    attempts.amount_vnd,
    attempts.status_id,
    attempts.error_code,
    attempts.transaction_id,
    attempts.bank_code,
    cast(attempts.attempted_at as date) as attempted_on,
    cast(date_trunc('month', attempts.attempted_at) as date) as attempted_month,
    attempts.attempted_at as gateway_time,
    attempts.defect,
    attempts.extract_id,
    attempts.row_number
from current_attempts as attempts
left join payments
    on
        attempts.source_id = payments.source_id
        and attempts.payment_request_id = payments.payment_request_id
