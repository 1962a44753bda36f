-- One row per month, scope (agency, group, province), entity, bank and error code of the gateway: attempts that failed.
with attempts as (
    select * from {{ ref('fct_payment_attempts') }}
    where status_id = 'failed'
),

payments as (select * from {{ ref('mart_payments') }}),

agency_rows as (
    select
        payments.month,
        payments.entity_code,
        payments.group_code,
        coalesce(attempts.bank_code, 'not_given') as bank_code,
        coalesce(attempts.error_code, 'not_given') as error_code,
        count(*) as failed_count
    from attempts
    inner join payments
        on attempts.attempted_month = payments.month and attempts.agency_code = payments.entity_code
    where payments.scope = 'agency' and payments.attempt_count is not null
    group by
        payments.month,
        payments.entity_code,
        payments.group_code,
        coalesce(attempts.bank_code, 'not_given'),
        coalesce(attempts.error_code, 'not_given')
),

computed as (
    select
        payments.month,
        payments.scope,
        payments.entity_code,
        payments.entity_name_vi,
        payments.group_code,
        payments.official_order,
        agency_rows.bank_code,
        agency_rows.error_code,
        cast(sum(agency_rows.failed_count) as bigint) as failed_count,
        payments.caveats_json
    from payments
    inner join agency_rows on {{ belongs_to('agency_rows', 'payments') }}
    group by
        payments.month,
        payments.scope,
        payments.entity_code,
        payments.entity_name_vi,
        payments.group_code,
        payments.official_order,
        payments.caveats_json,
        agency_rows.bank_code,
        agency_rows.error_code
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, scope, official_order, entity_code, bank_code, error_code
