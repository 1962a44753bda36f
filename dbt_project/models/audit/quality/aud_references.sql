-- One row per reference rule, month and agency: how many rows were looked at, how many point to nothing.
with filings as (select * from {{ ref('fct_filings') }}),

payments as (select * from {{ ref('fct_payments') }}),

attempts as (select * from {{ ref('fct_payment_attempts') }}),

agencies as (
    {{ select_newest_agencies() }}
),

successes as (
    select
        source_id,
        payment_request_id,
        count(*) as success_count
    from attempts
    where status_id = 'succeeded' and payment_request_id is not null
    group by source_id, payment_request_id
),

counted as (
    select
        'filings.agency_is_known' as rule_id,
        received_month as month,
        agency_code,
        count(*) as row_count,
        sum(case when agency_key = 'unknown' then 1 else 0 end) as failing_rows
    from filings
    where is_received
    group by received_month, agency_code

    union all

    select
        'filings.procedure_is_known' as rule_id,
        received_month as month,
        agency_code,
        count(*) as row_count,
        sum(case when procedure_key = 'unknown' then 1 else 0 end) as failing_rows
    from filings
    where is_received
    group by received_month, agency_code

    union all

    select
        'payments.filing_is_known' as rule_id,
        paid_month as month,
        agency_code,
        count(*) as row_count,
        sum(case when has_filing then 0 else 1 end) as failing_rows
    from payments
    where is_paid
    group by paid_month, agency_code

    union all

    select
        'attempts.request_is_known' as rule_id,
        attempted_month as month,
        agency_code,
        count(*) as row_count,
        sum(case when has_payment_request then 0 else 1 end) as failing_rows
    from attempts
    group by attempted_month, agency_code

    union all

    -- A file in which every amount is a thousand times too high agrees with itself; the gateway's own record does not.
    select
        'attempts.success_pays_its_request' as rule_id,
        payments.paid_month as month,
        payments.agency_code,
        count(*) as row_count,
        sum(case when attempts.amount_vnd = payments.amount_vnd then 0 else 1 end) as failing_rows
    from attempts
    inner join payments
        on
            attempts.source_id = payments.source_id
            and attempts.payment_request_id = payments.payment_request_id
    where attempts.status_id = 'succeeded' and payments.is_paid
    group by payments.paid_month, payments.agency_code

    union all

    select
        'attempts.at_most_one_success' as rule_id,
        payments.paid_month as month,
        payments.agency_code,
        count(*) as row_count,
        sum(case when successes.success_count > 1 then 1 else 0 end) as failing_rows
    from payments
    inner join successes
        on
            payments.source_id = successes.source_id
            and payments.payment_request_id = successes.payment_request_id
    group by payments.paid_month, payments.agency_code
)

select
    counted.rule_id,
    counted.month,
    counted.agency_code,
    agencies.name_vi as agency_name_vi,
    counted.row_count,
    cast(counted.failing_rows as bigint) as failing_rows,
    cast(0 as bigint) as wanted_rows
from counted
left join agencies on counted.agency_code = agencies.agency_code
order by counted.rule_id, counted.month, counted.agency_code
