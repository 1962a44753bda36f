-- A row is a month and a figure that is not the same on both maps: the province as it was, the province restated, the
-- sum of the restated agencies, and the bridge must be one number, NULL where nothing came.
with totals as (
    {% for mart, restated, measures in [
        ('mart_online_rates', 'mart_online_rates_restated', ['received', 'direct', 'online', 'postal', 'online_no_level']),
        ('mart_payments', 'mart_payments_restated', [
            'online_payment_count', 'online_payment_amount_vnd', 'online_refund_count', 'online_refund_amount_vnd',
            'other_payment_amount_vnd', 'attempt_count',
        ]),
        ('mart_payment_duties', 'mart_payment_duties_restated', ['with_duty', 'paid_online', 'flagged_paid']),
    ] -%}
    {% for measure in measures -%}
    {% for shown_by, relation, scope in [
        ('as_was', mart, 'province'), ('restated', restated, 'province'), ('agencies', restated, 'agency'),
        ('groups', restated, 'group'),
    ] -%}
    select
        '{{ measure }}' as measure,
        month,
        '{{ shown_by }}' as shown_by,
        sum({{ measure }}) as total
    from {{ ref(relation) }}
    where scope = '{{ scope }}'
    group by month
    union all
    {% endfor -%}
    {% endfor -%}
    {% endfor -%}
    {% for measure in [
        'received', 'online', 'online_payment_count', 'online_payment_amount_vnd', 'online_refund_count'
    ] -%}
    select
        '{{ measure }}' as measure,
        month,
        'bridge' as shown_by,
        sum({{ measure }}) as total
    from {{ ref('mart_structure_bridge') }}
    group by month
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

-- The bridge has the months of both marts; a mart has no row of a month that is not its own.
compared as (
    select
        as_was.measure,
        as_was.month,
        of_others.shown_by,
        as_was.total as total_as_was,
        of_others.total
    from totals as as_was
    inner join totals as of_others on as_was.measure = of_others.measure and as_was.month = of_others.month
    where as_was.shown_by = 'as_was'
)

select * from compared
where total_as_was is distinct from total

union all

-- A map that lacks a month of the other, and a scan that found nothing.
select
    measure,
    month,
    'a map is missing' as shown_by,
    null as total_as_was,
    count(*) as total
from totals
where shown_by <> 'bridge'
group by measure, month
having count(*) <> 4

union all

select
    'nothing compared' as measure,
    null as month,
    null as shown_by,
    null as total_as_was,
    count(*) as total
from compared
having count(*) = 0
