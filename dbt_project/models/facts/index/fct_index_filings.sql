-- One row per month at whose end is counted, month of receipt in the same year and agency.
with filings as (
    select * from {{ ref('fct_filings') }}
    where is_received
),

duties as (select * from {{ ref('fct_filing_duties') }}),

extracts as (
    select * from {{ ref('stg_landing__extracts') }}
    where entity = 'filings'
),

dates as (select * from {{ ref('dim_dates') }}),

-- A month that a file came for and that holds nothing is an end of a period, too.
bounds as (
    select
        min(month) as first_month,
        max(month) as last_month
    from (
        select received_month as month from filings
        union all
        select file_month as month from extracts
    ) as covered
),

months as (
    select
        dates.month,
        max(dates.date_day) as last_day
    from dates
    inner join bounds on dates.month between bounds.first_month and bounds.last_month
    group by dates.month
),

joined as (
    select
        filings.received_month,
        filings.agency_code,
        filings.is_online,
        filings.due_at,
        filings.finished_at,
        filings.returned_at,
        coalesce(duties.has_duty, false) as has_duty,
        coalesce(duties.has_duty and duties.is_paid_online, false) as is_duty_paid_online,
        duties.paid_online_on
    from filings
    left join duties on filings.source_id = duties.source_id and filings.filing_id = duties.filing_id
)

select
    months.month,
    joined.received_month,
    joined.agency_code,
    count(*) as received,
    cast(sum(case when joined.is_online then 1 else 0 end) as bigint) as online,
    cast(sum(case when {{ is_on_time('joined', 'months.last_day') }} then 1 else 0 end) as bigint) as on_time,
    cast(sum(case when joined.due_at is null then 1 else 0 end) as bigint) as on_time_without_due_date,
    cast(sum(case when joined.has_duty then 1 else 0 end) as bigint) as with_duty,
    cast(
        sum(
            case when joined.is_duty_paid_online and joined.paid_online_on <= months.last_day then 1 else 0 end
        ) as bigint
    ) as paid_online
from joined
inner join months
    on
        joined.received_month <= months.month
        and date_trunc('year', joined.received_month) = date_trunc('year', months.month)
group by months.month, joined.received_month, joined.agency_code
