-- Every landed row is a fact, was superseded, or was set aside; each agency's month is counted.
create table aud_rows as
with rows_of as (
    select 'filings' as entity, place >> 32 as arrival, count(*) as landed_rows, count(quarantine_reason) as quarantined_rows
    from disposed_filings
    group by all
    union all
    select 'payment_requests', place >> 32, count(*), count(quarantine_reason) from disposed_payment_requests
    group by all
    union all
    select 'payment_attempts', place >> 32, count(*), count(quarantine_reason) from disposed_payment_attempts
    group by all
),

fact_rows as (
    select 'filings' as entity, place >> 32 as arrival, count(*) as fact_rows from fct_filings
    group by all
    union all
    select 'payment_requests', place >> 32, count(*) from fct_payments
    group by all
    union all
    select 'payment_attempts', place >> 32, count(*) from fct_payment_attempts
    group by all
)

select
    rows_of.*,
    coalesce(fact_rows.fact_rows, 0) as fact_rows,
    rows_of.landed_rows - rows_of.quarantined_rows - coalesce(fact_rows.fact_rows, 0) as superseded_rows
from rows_of
left join fact_rows on rows_of.entity = fact_rows.entity and rows_of.arrival = fact_rows.arrival;

create table aud_agency_months as
select
    received_month as month,
    agency_code,
    count(*) as row_count,
    avg(count(*)) over (partition by agency_code order by received_month rows between 3 preceding and 1 preceding) as trailing_rows
from fct_filings
where is_received
group by received_month, agency_code;
