-- A row is an entity's month whose table counts other facts than those that are placed in it. A month that is closed is
-- held by its own figures.
{% set counts = [
    ('received', 'mart_online_rates', ['received']),
    ('paid', 'mart_payments', ['online_payment_count', 'other_payment_count']),
    ('refunded', 'mart_payments', ['online_refund_count']),
    ('attempted', 'mart_payments', ['attempt_count']),
] -%}
with placed as (
    select
        event_kind,
        month,
        sum(row_count) as placed_rows
    from {{ ref('fct_placed_facts') }}
    where place = 'monthly' and event_kind in ('received', 'paid', 'refunded', 'attempted')
    group by event_kind, month
),

closed as (select month from {{ ref('stg_closed__months') }}),

shown as (
    {% for event_kind, mart, measures in counts -%}
    select
        '{{ event_kind }}' as event_kind,
        month,
        sum(
            {%- for measure in measures %}
            coalesce({{ measure }}, 0){{ ' +' if not loop.last }}
            {%- endfor %}
        ) as shown_rows
    from {{ ref(mart) }}
    where scope = 'agency'
    group by month
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

compared as (
    select
        coalesce(placed.event_kind, shown.event_kind) as event_kind,
        coalesce(placed.month, shown.month) as month,
        coalesce(placed.placed_rows, 0) as placed_rows,
        coalesce(shown.shown_rows, 0) as shown_rows
    from placed
    full outer join shown on placed.event_kind = shown.event_kind and placed.month = shown.month
)

select compared.*
from compared
left join closed on compared.month = closed.month
where compared.month is not null and closed.month is null and compared.placed_rows <> compared.shown_rows
