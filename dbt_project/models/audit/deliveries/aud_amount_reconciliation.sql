-- One row per source, payment entity and file month: where every landed VND of the active extracts went.
{% set entities = {'payment_requests': 'fct_payments', 'payment_attempts': 'fct_payment_attempts'} %}
with extracts as (
    select * from {{ ref('stg_landing__extracts') }}
    where is_active and entity in ('payment_requests', 'payment_attempts')
),

staged as (
    {% for entity in entities -%}
    select
        extract_id,
        sum(amount_vnd) as amount_vnd
    from {{ ref('stg_one_stop__' ~ entity) }}
    group by extract_id
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

facts as (
    {% for entity, fact in entities.items() -%}
    select
        extract_id,
        sum(amount_vnd) as amount_vnd
    from {{ ref(fact) }}
    group by extract_id
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

set_apart as (
    {% for entity in entities -%}
    select
        extract_id,
        sum(case when disposition = 'superseded' then amount_vnd end) as superseded_amount_vnd,
        sum(case when disposition = 'quarantined' then amount_vnd end) as quarantined_amount_vnd
    from {{ ref('int_' ~ entity ~ '_disposed') }}
    group by extract_id
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

summed as (
    select
        extracts.source_id,
        extracts.entity,
        extracts.file_month,
        cast(sum(extracts.landed_amount_vnd) as bigint) as landed_amount_vnd,
        cast(sum(extracts.control_amount_vnd) as bigint) as control_amount_vnd,
        cast(
            sum(case when extracts.control_amount_vnd is not null then extracts.landed_amount_vnd end) as bigint
        ) as landed_amount_with_control_vnd,
        cast(coalesce(sum(staged.amount_vnd), 0) as bigint) as staged_amount_vnd,
        cast(coalesce(sum(facts.amount_vnd), 0) as bigint) as fact_amount_vnd,
        cast(coalesce(sum(set_apart.superseded_amount_vnd), 0) as bigint) as superseded_amount_vnd,
        cast(coalesce(sum(set_apart.quarantined_amount_vnd), 0) as bigint) as quarantined_amount_vnd
    from extracts
    left join staged on extracts.extract_id = staged.extract_id
    left join facts on extracts.extract_id = facts.extract_id
    left join set_apart on extracts.extract_id = set_apart.extract_id
    group by extracts.source_id, extracts.entity, extracts.file_month
)

select
    *,
    fact_amount_vnd + superseded_amount_vnd + quarantined_amount_vnd as accounted_amount_vnd
from summed
order by source_id, entity, file_month
