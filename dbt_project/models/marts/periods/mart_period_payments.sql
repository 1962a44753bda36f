-- One row per reporting period (of one calendar), scope (agency, group, province) and entity. Whole VND; refunds apart,
-- on their own day.
{% set paid_measures = [
    'online_payment_count', 'online_payment_amount_vnd', 'online_phi_vnd', 'online_le_phi_vnd',
    'other_payment_count', 'other_payment_amount_vnd',
] -%}
{% set refund_measures = ['online_refund_count', 'online_refund_amount_vnd'] -%}
{% set measures = paid_measures + refund_measures -%}
with periods as (select * from {{ ref('dim_reporting_periods') }}),

month_rows as (
    select * from {{ ref('mart_payments') }}
    where scope = 'agency'
),

payments as (select * from {{ ref('fct_payments') }}),

agencies as (select * from {{ ref('dim_agencies') }}),

province as (select * from {{ ref('stg_province__province') }}),

caveats as (
    select * from {{ ref('mart_caveats') }}
    where subject = 'payments'
),

monthly as (
    select
        month,
        entity_code as agency_code,
        entity_name_vi,
        group_code,
        official_order,
        is_month_loaded as is_present{% for measure in measures %},
        {{ measure }}{% endfor %}
    from month_rows
),

period_months as (
    {{ select_period_months() }}
),

paid_by_day as (
    select
        cast(paid_at as date) as happened_on,
        paid_month as month,
        agency_code,
        {{ sum_paid_measures('1') }},
        sum(case when is_online_payment then phi_vnd else 0 end) as online_phi_vnd,
        sum(case when is_online_payment then le_phi_vnd else 0 end) as online_le_phi_vnd
    from payments
    where is_paid
    group by cast(paid_at as date), paid_month, agency_code
),

refunded_by_day as (
    select
        cast(refunded_at as date) as happened_on,
        refunded_month as month,
        agency_code,
        {{ sum_refund_measures('1') }}
    from payments
    where is_refunded and is_online_payment
    group by cast(refunded_at as date), refunded_month, agency_code
),

paid as (
    {{ sum_days_of_periods('paid_by_day', paid_measures) }}
),

refunded as (
    {{ sum_days_of_periods('refunded_by_day', refund_measures) }}
),

daily as (
    select
        coalesce(paid.period_key, refunded.period_key) as period_key,
        coalesce(paid.month, refunded.month) as month,
        coalesce(paid.agency_code, refunded.agency_code) as agency_code{% for measure in paid_measures %},
        coalesce(paid.{{ measure }}, 0) as {{ measure }}{% endfor %}{% for measure in refund_measures %},
        coalesce(refunded.{{ measure }}, 0) as {{ measure }}{% endfor %}
    from paid
    full outer join refunded
        on
            paid.period_key = refunded.period_key
            and paid.month = refunded.month
            and paid.agency_code = refunded.agency_code
),

{{ sum_periods(measures) }},

computed as (
    select
        period_key,
        calendar_id,
        period_code,
        kind,
        year,
        month,
        first_day,
        last_day,
        period_name_vi,
        period_name_en,
        calendar_name_vi,
        calendar_name_en,
        scope,
        entity_code,
        entity_name_vi,
        group_code,
        official_order,
        months_expected,
        months_present,
        agency_count,
        missing_agencies{% for measure in measures %},
        {{ measure }}{% endfor %},
        online_payment_amount_vnd - online_refund_amount_vnd as online_net_amount_vnd,
        quarantined_rows,
        caveats_json
    from summed
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by calendar_id, first_day, last_day, scope, official_order, entity_code
