-- One row per baseline, month, metric, agency and record whose counted contribution moved since the baseline.
-- Baseline 'publication': what readers see while this candidate is built. Baseline 'close': a closed month as it was
-- closed.
{% set subjects = {'filings': filing_metrics(), 'payments': payment_metrics()} -%}
{# Which rows a side counts, signed: live ones of months that are not closed, frozen ones of months that are. #}
{% set sides = [
    ('publication', -1, 'earlier_', false),
    ('publication', -1, 'earlier_closed_', true),
    ('publication', 1, '', false),
    ('publication', 1, 'closed_', true),
    ('close', -1, 'closed_', true),
    ('close', 1, '', false),
] -%}
{% set filing_columns = ['channel_code', 'is_online', 'level_code', 'is_online_service_level'] -%}
{% set payment_columns = ['is_online_payment', 'amount_vnd'] -%}
{% set record = ['baseline', 'source_id', 'record_id', 'agency_code', 'month'] -%}
with earlier_filings as (select * from {{ ref('stg_history__filings') }}),

earlier_payments as (select * from {{ ref('stg_history__payments') }}),

earlier_closed_months as (select * from {{ ref('stg_history__closed_definitions') }}),

earlier_closed_filings as (select * from {{ ref('stg_history__closed_filings') }}),

earlier_closed_payments as (select * from {{ ref('stg_history__closed_payments') }}),

earlier_rates as (select * from {{ ref('stg_history__online_rates') }}),

earlier_payment_figures as (select * from {{ ref('stg_history__payment_figures') }}),

earlier_cut_off as (select * from {{ ref('stg_history__data_cut_off') }}),

filings as (select * from {{ ref('fct_filings') }}),

payments as (select * from {{ ref('fct_payments') }}),

closed_months as (select * from {{ ref('stg_closed__definitions') }}),

closed_filings as (select * from {{ ref('stg_closed__filings') }}),

closed_payments as (select * from {{ ref('stg_closed__payments') }}),

rates as (select * from {{ ref('mart_online_rates') }}),

payment_figures as (select * from {{ ref('mart_payments') }}),

feeds as (select * from {{ ref('fct_feed_deliveries') }}),

-- Agencies whose month is NULL because a file that may hold its rows was refused.
refused as (
    select distinct
        case entity when 'filings' then 'filings' else 'payments' end as subject,
        month,
        agency_code
    from feeds
    where missing_reason = 'refused_file' and entity in ('filings', 'payment_requests')
),

restated_months as (
    select month from earlier_cut_off
    where {{ is_month_over() }}
),

-- The figures that a side has at all: what was not delivered is NULL there, and counts nothing.
cells as (
    {% for subject, prefix, table, measure in [
        ('filings', 'earlier_', 'earlier_rates', 'received'),
        ('filings', '', 'rates', 'received'),
        ('payments', 'earlier_', 'earlier_payment_figures', 'online_payment_count'),
        ('payments', '', 'payment_figures', 'online_payment_count'),
    ] -%}
    select
        '{{ subject }}' as subject,
        {{ 'true' if prefix else 'false' }} as is_earlier,
        {{ table }}.month,
        {{ table }}.entity_code as agency_code,
        {{ table }}.{{ measure }} is not null as has_figure
    from {{ table }}
    inner join restated_months on {{ table }}.month = restated_months.month
    where {{ table }}.scope = 'agency'
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

-- Contributions of both sides of both baselines, signed. A side of the publication counts what it had a figure for, and
-- its live rows leave out the months that it had closed.
filing_sides as (
    {% for baseline, sign, prefix, is_frozen in sides -%}
    {% set month = 'closed_month' if is_frozen else 'received_month' -%}
    {% set earlier = 'earlier_' if prefix.startswith('earlier_') else '' -%}
    select
        '{{ baseline }}' as baseline,
        {{ sign }} as sign,
        counted.source_id,
        counted.filing_id as record_id,
        counted.agency_code,
        counted.{{ month }} as month{% for column in filing_columns %},
        counted.{{ column }}{% endfor %}
    from {{ prefix }}filings as counted
    {% if baseline == 'close' -%}
    inner join closed_months on counted.{{ month }} = closed_months.month
    where counted.is_received
    {%- else -%}
    inner join cells
        on
            counted.{{ month }} = cells.month
            and counted.agency_code = cells.agency_code
            and cells.subject = 'filings'
            and cells.is_earlier = {{ 'true' if earlier else 'false' }}
            and cells.has_figure
    where
        counted.is_received
        {%- if not is_frozen %}
        and counted.{{ month }} not in (select months.month from {{ earlier }}closed_months as months)
        {%- endif %}
    {%- endif %}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

-- A payment contributes twice: where it was paid, and where it was refunded.
payment_sides as (
    {% for kind, condition, month in [
        ('paid', 'counted.is_paid', 'paid_month'),
        ('refunded', 'counted.is_refunded and counted.is_online_payment', 'refunded_month'),
    ] -%}
    {% set last_kind = loop.last -%}
    {% for baseline, sign, prefix, is_frozen in sides -%}
    {% set earlier = 'earlier_' if prefix.startswith('earlier_') else '' -%}
    select
        '{{ baseline }}' as baseline,
        {{ sign }} as sign,
        '{{ kind }}' as kind,
        counted.source_id,
        counted.payment_request_id as record_id,
        counted.agency_code,
        counted.{{ month }} as month{% for column in payment_columns %},
        counted.{{ column }}{% endfor %}
    from {{ prefix }}payments as counted
    {% if baseline == 'close' -%}
    inner join closed_months on counted.{{ month }} = closed_months.month
    {%- else -%}
    inner join cells
        on
            counted.{{ month }} = cells.month
            and counted.agency_code = cells.agency_code
            and cells.subject = 'payments'
            and cells.is_earlier = {{ 'true' if earlier else 'false' }}
            and cells.has_figure
    {%- endif %}
    where
        {{ condition }}
        {%- if is_frozen %}
        and counted.{{ month }} = counted.closed_month
        {%- elif baseline == 'publication' %}
        and counted.{{ month }} not in (select months.month from {{ earlier }}closed_months as months)
        {%- endif %}
    {% if not (last_kind and loop.last) %}union all
    {% endif %}
    {%- endfor %}
    {%- endfor %}
),

-- What counts the same on both sides drops out here, before anything is looked at closer.
moved_filings as (
    select
        {{ (record + filing_columns) | join(',\n        ') }},
        sum(sign) as net
    from filing_sides
    group by {{ (record + filing_columns) | join(', ') }}
    having sum(sign) <> 0
),

moved_payments as (
    select
        {{ (record + ['kind'] + payment_columns) | join(',\n        ') }},
        sum(sign) as net
    from payment_sides
    group by {{ (record + ['kind'] + payment_columns) | join(', ') }}
    having sum(sign) <> 0
),

filings_nets as (
    select
        {{ record | join(',\n        ') }},
        {{ sum_filing_measures('net') }}
    from moved_filings
    group by {{ record | join(', ') }}
),

payments_nets as (
    select
        {{ record | join(',\n        ') }},
        {{ sum_paid_measures("case when kind = 'paid' then net else 0 end") }},
        {{ sum_refund_measures("case when kind = 'refunded' then net else 0 end") }}
    from moved_payments
    group by {{ record | join(', ') }}
),

movements as (
    {% for subject, measures in subjects.items() -%}
    {% set last_subject = loop.last -%}
    {% for measure in measures -%}
    select
        '{{ subject }}' as subject,
        '{{ measure }}' as metric,
        {{ record | join(',\n        ') }},
        {{ measure }} as effect
    from {{ subject }}_nets
    where {{ measure }} <> 0
    {% if not (last_subject and loop.last) %}union all
    {% endif %}
    {%- endfor %}
    {%- endfor %}
)

select
    movements.*,
    earlier_cells.has_figure as had_figure,
    later_cells.has_figure,
    not later_cells.has_figure and refused.agency_code is not null as is_refused
from movements
left join cells as earlier_cells
    on
        {{ share('movements', 'earlier_cells', ['subject', 'month', 'agency_code']) }}
        and earlier_cells.is_earlier
left join cells as later_cells
    on
        {{ share('movements', 'later_cells', ['subject', 'month', 'agency_code']) }}
        and not later_cells.is_earlier
left join refused on {{ share('movements', 'refused', ['subject', 'month', 'agency_code']) }}
