-- One row per entity, month, agency and extract in a month that moved beyond a band: what the file gives and gave.
{% set counted = {
    'filings': ('fct_filings', 'received_month', 'counted.is_received', 'stg_history__filings'),
    'payment_requests': ('fct_payments', 'paid_month', 'counted.is_paid', 'stg_history__payments'),
    'payment_attempts': ('fct_payment_attempts', 'attempted_month', 'true', 'stg_history__payment_attempts'),
} -%}
with moved as (
    select distinct
        entity,
        month
    from {{ ref('aud_movements') }}
    where new_value <> allowed_value
),

{% for entity in counted -%}
moved_{{ entity }} as (
    select month from moved
    where entity = '{{ entity }}'
),

{% endfor -%}

agencies as (
    {{ select_newest_agencies(known_only=true) }}
),

{% for side in ['present', 'before'] -%}
counted_{{ side }} as (
    {% for entity, (fact, month, condition, history) in counted.items() -%}
    select
        '{{ entity }}' as entity,
        counted.{{ month }} as month,
        counted.agency_code,
        counted.extract_id,
        count(*) as row_count,
        {{ 'cast(0 as bigint)' if entity == 'filings' else 'sum(counted.amount_vnd)' }} as amount_vnd
    from {{ ref(fact if side == 'present' else history) }} as counted
    inner join moved_{{ entity }} on counted.{{ month }} = moved_{{ entity }}.month
    where {{ condition }}
    group by counted.{{ month }}, counted.agency_code, counted.extract_id
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

{% endfor -%}

joined as (
    select
        coalesce(counted_present.entity, counted_before.entity) as entity,
        coalesce(counted_present.month, counted_before.month) as month,
        coalesce(counted_present.agency_code, counted_before.agency_code) as agency_code,
        coalesce(counted_present.extract_id, counted_before.extract_id) as extract_id,
        cast(coalesce(counted_before.row_count, 0) as bigint) as rows_before,
        cast(coalesce(counted_present.row_count, 0) as bigint) as rows_now,
        cast(coalesce(counted_before.amount_vnd, 0) as bigint) as amount_before_vnd,
        cast(coalesce(counted_present.amount_vnd, 0) as bigint) as amount_now_vnd
    from counted_present
    full outer join counted_before
        on
            counted_present.entity = counted_before.entity
            and counted_present.month = counted_before.month
            and counted_present.agency_code = counted_before.agency_code
            and counted_present.extract_id = counted_before.extract_id
)

select
    joined.entity,
    joined.month,
    joined.agency_code,
    agencies.group_code,
    joined.extract_id,
    joined.rows_before,
    joined.rows_now,
    joined.amount_before_vnd,
    joined.amount_now_vnd
from joined
left join agencies on joined.agency_code = agencies.agency_code
order by joined.entity, joined.month, joined.agency_code, joined.extract_id
