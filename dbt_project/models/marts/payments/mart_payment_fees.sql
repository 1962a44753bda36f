-- One row per month, scope (agency, group, province), entity and kind of payment: phí and lệ phí, collected, refunded.
{% set measures = [
    'collected_count', 'collected_amount_vnd', 'phi_vnd', 'le_phi_vnd', 'unsplit_vnd',
    'refund_count', 'refund_amount_vnd', 'refund_phi_vnd', 'refund_le_phi_vnd', 'refund_unsplit_vnd',
] -%}
with events as (select * from {{ ref('fct_payment_events') }}),

-- Which entities a month has, and whose feed did not come, is decided once, there.
payments as (select * from {{ ref('mart_payments') }}),

kinds as (select * from {{ ref('ref_payment_kinds') }}),

counted as (
    select
        month,
        agency_code,
        payment_kind,
        sum(case when event_kind = 'collection' then 1 else 0 end) as collected_count,
        sum(case when event_kind = 'refund' then 1 else 0 end) as refund_count
        {%- for part, collected in [
            ('amount_vnd', 'collected_amount_vnd'), ('phi_vnd', 'phi_vnd'), ('le_phi_vnd', 'le_phi_vnd'),
            ('unsplit_vnd', 'unsplit_vnd'),
        ] %},
        sum(case when event_kind = 'collection' then {{ part }} else 0 end) as {{ collected }},
        sum(case when event_kind = 'refund' then -{{ part }} else 0 end) as refund_{{ part }}{% endfor %}
    from events
    group by month, agency_code, payment_kind
),

agency_rows as (
    select
        payments.month,
        payments.entity_code,
        payments.group_code,
        kinds.payment_kind{% for measure in measures %},
        case
            when payments.online_payment_count is not null then coalesce(counted.{{ measure }}, 0)
        end as {{ measure }}{% endfor %}
    from payments
    cross join kinds
    left join counted
        on
            payments.month = counted.month
            and payments.entity_code = counted.agency_code
            and kinds.payment_kind = counted.payment_kind
    where payments.scope = 'agency'
),

-- An agency without data is in no sum, as in mart_payments.
summed as (
    select
        payments.month,
        payments.scope,
        payments.entity_code,
        payments.entity_name_vi,
        payments.group_code,
        payments.official_order,
        payments.caveats_json,
        agency_rows.payment_kind{% for measure in measures %},
        sum(agency_rows.{{ measure }}) as {{ measure }}{% endfor %}
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
        agency_rows.payment_kind
),

computed as (
    select
        summed.month,
        summed.scope,
        summed.entity_code,
        summed.entity_name_vi,
        summed.group_code,
        summed.official_order,
        summed.payment_kind,
        kinds.official_order as kind_order,
        kinds.name_vi as kind_name_vi,
        kinds.name_en as kind_name_en{% for measure in measures %},
        cast(summed.{{ measure }} as bigint) as {{ measure }}{% endfor %},
        cast(summed.collected_amount_vnd - summed.refund_amount_vnd as bigint) as net_amount_vnd,
        summed.caveats_json
    from summed
    inner join kinds on summed.payment_kind = kinds.payment_kind
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, scope, official_order, entity_code, kind_order
