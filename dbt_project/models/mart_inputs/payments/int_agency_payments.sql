-- One row per month and agency of which anything was paid, refunded or tried: how often, and whole VND.
{% set measures = {
    'paid': [
        'online_payment_count', 'online_payment_amount_vnd', 'online_phi_vnd', 'online_le_phi_vnd',
        'other_payment_count', 'other_payment_amount_vnd',
    ],
    'refunded': ['online_refund_count', 'online_refund_amount_vnd'],
    'tried': ['attempt_count', 'attempt_success_count', 'attempt_failed_count', 'attempt_open_count'],
} -%}
with payments as (select * from {{ ref('fct_payments') }}),

attempts as (select * from {{ ref('fct_payment_attempts') }}),

paid as (
    select
        paid_month as month,
        agency_code,
        {{ sum_paid_measures('1') }},
        sum(case when is_online_payment then phi_vnd else 0 end) as online_phi_vnd,
        sum(case when is_online_payment then le_phi_vnd else 0 end) as online_le_phi_vnd
    from payments
    where is_paid
    group by paid_month, agency_code
),

refunded as (
    select
        refunded_month as month,
        agency_code,
        {{ sum_refund_measures('1') }}
    from payments
    where is_refunded and is_online_payment
    group by refunded_month, agency_code
),

tried as (
    select
        attempted_month as month,
        agency_code,
        count(*) as attempt_count,
        sum(case when status_id = 'succeeded' then 1 else 0 end) as attempt_success_count,
        sum(case when status_id = 'failed' then 1 else 0 end) as attempt_failed_count,
        sum(case when status_id = 'created' then 1 else 0 end) as attempt_open_count
    from attempts
    group by attempted_month, agency_code
),

agency_months as (
    {% for table in measures -%}
    select
        month,
        agency_code
    from {{ table }}
    {% if not loop.last %}union distinct
    {% endif %}
    {%- endfor %}
)

select
    agency_months.month,
    agency_months.agency_code
    {%- for table, columns in measures.items() %}
    {%- for column in columns %},
    {{ table }}.{{ column }}{% endfor %}
    {%- endfor %}
from agency_months
{% for table in measures -%}
left join {{ table }} on {{ share('agency_months', table, ['month', 'agency_code']) }}
{% endfor -%}
