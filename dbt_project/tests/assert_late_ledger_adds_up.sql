-- A row is a closed month's agency and metric for which the ledger is not what lives less what was closed.
with closed_months as (select * from {{ ref('stg_closed__definitions') }}),

sides as (
    select
        filings.received_month as month,
        filings.agency_code,
        filings.is_online,
        1 as sign
    from {{ ref('fct_filings') }} as filings
    inner join closed_months on filings.received_month = closed_months.month
    where filings.is_received
    union all
    select
        closed_month as month,
        agency_code,
        is_online,
        -1 as sign
    from {{ ref('stg_closed__filings') }}
    where is_received
),

paid as (
    select
        payments.paid_month as month,
        payments.agency_code,
        payments.is_online_payment,
        payments.amount_vnd
    from {{ ref('fct_payments') }} as payments
    inner join closed_months on payments.paid_month = closed_months.month
    where payments.is_paid
    union all
    select
        closed_month as month,
        agency_code,
        is_online_payment,
        -amount_vnd as amount_vnd
    from {{ ref('stg_closed__payments') }}
    where is_paid and paid_month = closed_month
),

expected as (
    select
        month,
        agency_code,
        'received' as metric,
        sum(sign) as effect
    from sides
    group by month, agency_code
    union all
    select
        month,
        agency_code,
        'online' as metric,
        sum(sign) as effect
    from sides
    where is_online
    group by month, agency_code
    union all
    select
        month,
        agency_code,
        'online_payment_amount_vnd' as metric,
        sum(amount_vnd) as effect
    from paid
    where is_online_payment
    group by month, agency_code
),

ledger as (
    select
        month,
        agency_code,
        metric,
        sum(effect) as effect
    from {{ ref('mart_late_ledger') }}
    where metric in ('received', 'online', 'online_payment_amount_vnd')
    group by month, agency_code, metric
)

select
    coalesce(expected.month, ledger.month) as month,
    coalesce(expected.agency_code, ledger.agency_code) as agency_code,
    coalesce(expected.metric, ledger.metric) as metric,
    expected.effect as expected_effect,
    ledger.effect as ledger_effect
from expected
full outer join ledger
    on
        expected.month = ledger.month
        and expected.agency_code = ledger.agency_code
        and expected.metric = ledger.metric
where coalesce(expected.effect, 0) <> coalesce(ledger.effect, 0)
