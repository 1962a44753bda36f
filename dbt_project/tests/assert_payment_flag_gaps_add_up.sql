-- A row is an entity of which the filings flagged as paid are not those paid online and the itemised difference, in
-- filings or in points; one of which mart_payment_duties counts other filings than mart_online_rates; or a filing that
-- the flag and the strict definition place otherwise without a reason, or alike with one.
with duties as (select * from {{ ref('mart_payment_duties') }}),

gaps as (
    select
        month,
        scope,
        entity_code,
        sum(enters - leaves) as filings,
        sum(difference_points) as points
    from {{ ref('mart_payment_flag_gaps') }}
    group by month, scope, entity_code
),

closed_months as (
    select month from {{ ref('mart_closed_months') }}
    where is_in_force
),

rates as (
    select * from {{ ref('mart_online_rates') }}
    where month not in (select closed_months.month from closed_months)
)

select
    'the difference' as what,
    duties.scope || '/' || duties.entity_code as place,
    duties.month
from duties
left join gaps on {{ share('duties', 'gaps', ['month', 'scope', 'entity_code']) }}
where
    duties.flagged_paid <> duties.paid_online + coalesce(gaps.filings, 0)
    or abs(duties.flag_difference_points - coalesce(gaps.points, 0)) > 0.000001
    or (duties.received is null and gaps.filings is not null)

union all

select
    'received' as what,
    rates.scope || '/' || rates.entity_code as place,
    rates.month
from rates
left join duties on {{ share('rates', 'duties', ['month', 'scope', 'entity_code']) }}
where
    duties.month is null
    or duties.received > rates.received
    or (duties.missing_agencies = 0 and duties.received is distinct from rates.received)

union all

select
    'reason' as what,
    filing_id as place,
    received_month as month
from {{ ref('fct_filing_duties') }}
where (is_flagged_paid <> (is_paid_online and coalesce(has_duty, false))) <> (flag_gap_reason is not null)

union all

-- A scan that found nothing has checked nothing.
select
    'no entity at all' as what,
    null as place,
    null as month
from duties
having count(*) = 0
