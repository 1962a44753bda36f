-- One row per payment request (yêu cầu thanh toán), with its net state.
with disposed as (select * from {{ ref('int_payment_requests_disposed') }}),

agencies as (select * from {{ ref('dim_agencies') }}),

filings as (
    select
        source_id,
        filing_id
    from {{ ref('fct_filings') }}
),

current_requests as (
    select
        *,
        cast(coalesce(paid_at, requested_at) as date) as reference_day
    from disposed
    where disposition = 'fact'
)

select
    requests.source_id,
    requests.payment_request_id,
    requests.filing_id,
    filings.filing_id is not null as has_filing,
    coalesce(agencies.agency_key, 'unknown') as agency_key,
    coalesce(agencies.agency_code, 'unknown') as agency_code,
    requests.source_agency_code,
    requests.amount_vnd,
    coalesce(requests.phi_vnd, 0) as phi_vnd,
    coalesce(requests.le_phi_vnd, 0) as le_phi_vnd,
    requests.status_id,
    requests.method_id,
    requests.collection_id,
    requests.is_paid_status as is_paid,
    -- Strict definition (domain notes §2): paid, online, and not by somebody who is exempt. A refund does not unmake
    -- it: it is a fact of its own, on its own day.
    requests.is_paid_status
    and coalesce(requests.method_id = 'online', false)
    and coalesce(requests.collection_id <> 'exempt', true) as is_online_payment,
    requests.is_refunded_status as is_refunded,
    case when requests.is_paid_status then requests.amount_vnd else 0 end
    - case when requests.is_refunded_status then requests.amount_vnd else 0 end as net_amount_vnd,
    requests.requested_at,
    requests.paid_at,
    cast(case when requests.is_paid_status then date_trunc('month', requests.paid_at) end as date) as paid_month,
    requests.refunded_at,
    cast(
        case when requests.is_refunded_status then date_trunc('month', requests.refunded_at) end as date
    ) as refunded_month,
    requests.transaction_id,
    requests.bank_code,
    requests.defect,
    requests.extract_id,
    requests.row_number
from current_requests as requests
left join filings on requests.source_id = filings.source_id and requests.filing_id = filings.filing_id
left join agencies
    on
        requests.source_agency_code = agencies.agency_code
        and requests.reference_day between agencies.valid_from and coalesce(
            agencies.valid_to, cast('9999-12-31' as date)
        )
