-- One row per payment request and event of its money: a collection on its day, a refund as a negative one on its own.
with payments as (select * from {{ ref('fct_payments') }}),

told_apart as (
    select
        *,
        -- What the source did not part into phí and lệ phí has a place of its own, so that the parts are the amount.
        amount_vnd - phi_vnd - le_phi_vnd as unsplit_vnd,
        case
            when is_online_payment then 'online'
            when collection_id = 'exempt' then 'exempt'
            when method_id in ('cash', 'transfer') then method_id
            else 'not_given'
        end as payment_kind
    from payments
),

events as (
    select
        *,
        'collection' as event_kind,
        1 as sign,
        paid_at as occurred_at,
        paid_month as month
    from told_apart
    where is_paid

    union all

    select
        *,
        'refund' as event_kind,
        -1 as sign,
        refunded_at as occurred_at,
        refunded_month as month
    from told_apart
    where is_refunded
)

select
    source_id,
    payment_request_id,
    event_kind,
    filing_id,
    agency_key,
    agency_code,
    month,
    cast(occurred_at as date) as occurred_on,
    occurred_at,
    sign * amount_vnd as amount_vnd,
    sign * phi_vnd as phi_vnd,
    sign * le_phi_vnd as le_phi_vnd,
    sign * unsplit_vnd as unsplit_vnd,
    payment_kind,
    method_id,
    is_online_payment,
    bank_code,
    transaction_id
from events
