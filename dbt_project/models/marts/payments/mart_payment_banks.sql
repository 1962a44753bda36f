-- One row per month, scope (agency, group, province), entity and bank: attempts at the gateway and how they ended.
{% set measures = ['attempt_count', 'succeeded_count', 'failed_count', 'open_count', 'succeeded_amount_vnd'] -%}
with attempts as (select * from {{ ref('fct_payment_attempts') }}),

payments as (select * from {{ ref('mart_payments') }}),

-- By the day of the attempt; the hour may be of a 12-hour clock, which moves no attempt to another day.
counted as (
    select
        attempted_month as month,
        agency_code,
        coalesce(bank_code, 'not_given') as bank_code,
        count(*) as attempt_count,
        sum(case when status_id = 'succeeded' then 1 else 0 end) as succeeded_count,
        sum(case when status_id = 'failed' then 1 else 0 end) as failed_count,
        sum(case when status_id = 'created' then 1 else 0 end) as open_count,
        sum(case when status_id = 'succeeded' then amount_vnd else 0 end) as succeeded_amount_vnd
    from attempts
    group by attempted_month, agency_code, coalesce(bank_code, 'not_given')
),

-- An agency whose attempts did not come has none that count, as in mart_payments.
agency_rows as (
    select
        payments.group_code,
        payments.entity_code,
        counted.*
    from counted
    inner join payments
        on counted.month = payments.month and counted.agency_code = payments.entity_code
    where payments.scope = 'agency' and payments.attempt_count is not null
),

summed as (
    select
        payments.month,
        payments.scope,
        payments.entity_code,
        payments.entity_name_vi,
        payments.group_code,
        payments.official_order,
        payments.caveats_json,
        agency_rows.bank_code{% for measure in measures %},
        cast(sum(agency_rows.{{ measure }}) as bigint) as {{ measure }}{% endfor %}
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
        agency_rows.bank_code
),

computed as (
    select
        month,
        scope,
        entity_code,
        entity_name_vi,
        group_code,
        official_order,
        bank_code
        {%- for measure in measures %},
        {{ measure }}{% endfor %},
        succeeded_count + failed_count as finished_count,
        -- Of what has ended: an attempt that is still open is neither a success nor a failure.
        cast(100.0 * succeeded_count / nullif(succeeded_count + failed_count, 0) as double) as success_rate_percent,
        caveats_json
    from summed
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, scope, official_order, entity_code, bank_code
