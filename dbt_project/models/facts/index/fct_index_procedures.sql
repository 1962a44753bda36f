-- One row per month, agency and procedure with an online filing of an online service or a filing paid online.
with filings as (
    select * from {{ ref('fct_filings') }}
    where is_received
),

duties as (
    select * from {{ ref('fct_filing_duties') }}
    where is_paid_online
),

procedures as (
    select * from {{ ref('dim_procedures') }}
    where is_known
),

happened as (
    select
        filings.received_month as month,
        filings.agency_code,
        procedures.procedure_code,
        1 as online_service_filings,
        0 as filings_paid_online
    from filings
    inner join procedures on filings.procedure_key = procedures.procedure_key
    where filings.is_online and filings.is_online_service_level

    union all

    -- In the month of the payment, whenever the filing was received.
    select
        cast(date_trunc('month', duties.paid_online_on) as date) as month,
        duties.agency_code,
        procedures.procedure_code,
        0 as online_service_filings,
        1 as filings_paid_online
    from duties
    inner join procedures on duties.procedure_key = procedures.procedure_key
    where duties.paid_online_on is not null
)

select
    month,
    agency_code,
    procedure_code,
    cast(sum(online_service_filings) as bigint) as online_service_filings,
    cast(sum(filings_paid_online) as bigint) as filings_paid_online
from happened
group by month, agency_code, procedure_code
