-- A row is a payment request whose events do not sum to its net amount, an event whose parts are not its amount, or an
-- entity of which mart_payment_fees and mart_payments say different things. A month that was closed before these marts
-- were there is computed live and need not equal its frozen figures.
with requests as (select * from {{ ref('fct_payments') }}),

events as (select * from {{ ref('fct_payment_events') }}),

closed_months as (
    select month from {{ ref('mart_closed_months') }}
    where is_in_force
),

payments as (
    select * from {{ ref('mart_payments') }}
    where month not in (select closed_months.month from closed_months)
),

net_of_events as (
    select
        source_id,
        payment_request_id,
        sum(amount_vnd) as net_amount_vnd
    from events
    group by source_id, payment_request_id
),

fees as (
    select
        month,
        scope,
        entity_code,
        sum(case when payment_kind = 'online' then collected_count end) as online_payment_count,
        sum(case when payment_kind = 'online' then collected_amount_vnd end) as online_payment_amount_vnd,
        sum(case when payment_kind = 'online' then phi_vnd end) as online_phi_vnd,
        sum(case when payment_kind = 'online' then le_phi_vnd end) as online_le_phi_vnd,
        sum(case when payment_kind = 'online' then refund_count end) as online_refund_count,
        sum(case when payment_kind = 'online' then refund_amount_vnd end) as online_refund_amount_vnd,
        sum(case when payment_kind = 'online' then net_amount_vnd end) as online_net_amount_vnd,
        sum(case when payment_kind <> 'online' then collected_count end) as other_payment_count,
        sum(case when payment_kind <> 'online' then collected_amount_vnd end) as other_payment_amount_vnd
    from {{ ref('mart_payment_fees') }}
    group by month, scope, entity_code
)

select
    'net of a request' as what,
    requests.payment_request_id as place,
    null as month
from requests
left join net_of_events on {{ share('requests', 'net_of_events', ['source_id', 'payment_request_id']) }}
where requests.net_amount_vnd <> coalesce(net_of_events.net_amount_vnd, 0)

union all

select
    'parts of an event' as what,
    payment_request_id as place,
    month
from events
where
    amount_vnd <> phi_vnd + le_phi_vnd + unsplit_vnd
    or month is null
    or (event_kind = 'refund' and amount_vnd > 0)
    or (event_kind = 'collection' and amount_vnd < 0)

union all

select
    'mart_payments' as what,
    payments.scope || '/' || payments.entity_code as place,
    payments.month
from payments
left join fees on {{ share('payments', 'fees', ['month', 'scope', 'entity_code']) }}
where
    not (
        {{ agree([
            'online_payment_count', 'online_payment_amount_vnd', 'online_phi_vnd', 'online_le_phi_vnd',
            'online_refund_count', 'online_refund_amount_vnd', 'online_net_amount_vnd', 'other_payment_count',
            'other_payment_amount_vnd',
        ], 'payments', 'fees') }}
    )

union all

-- A scan that found nothing has checked nothing.
select
    'no entity at all' as what,
    null as place,
    null as month
from {{ ref('mart_payments') }}
having count(*) = 0
