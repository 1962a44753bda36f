-- One row per baseline, month and record whose counted contribution moved: what it was on either side of the baseline.
{% set keys = {'filings': 'filing_id', 'payments': 'payment_request_id'} -%}
{% set record = ['baseline', 'source_id', 'record_id', 'month'] -%}
with earlier_filings as (select * from {{ ref('stg_history__filings') }}),

earlier_payments as (select * from {{ ref('stg_history__payments') }}),

earlier_closed_months as (select * from {{ ref('stg_history__closed_definitions') }}),

earlier_closed_filings as (select * from {{ ref('stg_history__closed_filings') }}),

earlier_closed_payments as (select * from {{ ref('stg_history__closed_payments') }}),

filings as (select * from {{ ref('fct_filings') }}),

payments as (select * from {{ ref('fct_payments') }}),

closed_months as (select * from {{ ref('stg_closed__definitions') }}),

closed_filings as (select * from {{ ref('stg_closed__filings') }}),

closed_payments as (select * from {{ ref('stg_closed__payments') }}),

contributions as (select * from {{ ref('int_figure_contributions') }}),

-- The book that a baseline's month stands in: the one of all open months, or a closed month's own. It says which state
-- of a record is compared, what was set aside then, and what the figures were made with.
moved_records as (
    select
        moved.*,
        case
            when moved.baseline = 'close' or earlier_closed_months.month is not null then moved.month
        end as earlier_book,
        case when moved.baseline = 'publication' and closed_months.month is not null then moved.month end as later_book
    from (
        select distinct
            baseline,
            subject,
            source_id,
            record_id,
            month
        from contributions
    ) as moved
    left join earlier_closed_months
        on case when moved.baseline = 'publication' then moved.month end = earlier_closed_months.month
    left join closed_months on moved.month = closed_months.month
),

{% for subject, key in keys.items() -%}
{% set last_subject = loop.last -%}
{% for side, states in {
    'earlier': [
        ('publication', 'earlier_' ~ subject, false),
        ('publication', 'earlier_closed_' ~ subject, true),
        ('close', 'closed_' ~ subject, true),
    ],
    'later': [
        ('publication', subject, false),
        ('publication', 'closed_' ~ subject, true),
        ('close', subject, false),
    ],
}.items() -%}
{{ side }}_{{ subject }}_states as (
    {% for baseline, table, is_frozen in states -%}
    select
        moved_records.baseline,
        moved_records.month,
        state.source_id,
        state.{{ key }} as record_id,
        state.agency_code,
        state.source_agency_code,
        {% if subject == 'filings' -%}
        state.channel_code,
        state.is_channel_assumed,
        state.level_code,
        state.status_code,
        state.is_received,
        state.received_at,
        coalesce(state.is_received and state.received_month = moved_records.month, false) as is_of_month,
        {% else -%}
        state.amount_vnd,
        state.status_id,
        state.method_id,
        state.collection_id,
        state.is_paid,
        state.is_online_payment,
        state.is_refunded,
        state.paid_at,
        state.refunded_at,
        coalesce(state.paid_month = moved_records.month, false)
        or coalesce(state.refunded_month = moved_records.month, false) as is_of_month,
        {% endif -%}
        state.extract_id,
        state.row_number
    from moved_records
    inner join {{ table }} as state
        on
            moved_records.source_id = state.source_id
            and moved_records.record_id = state.{{ key }}
            {%- if is_frozen %}
            and moved_records.month = state.closed_month
            {%- endif %}
    where
        moved_records.subject = '{{ subject }}'
        and moved_records.baseline = '{{ baseline }}'
        {%- if baseline == 'publication' %}
        and moved_records.{{ side }}_book is {{ 'not null' if is_frozen else 'null' }}
        {%- endif %}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
){{ "," if not (last_subject and loop.last) }}

{% endfor -%}
{% endfor -%}

-- Whether the source gave the same of the record: the same row of the same content, or the same values of all that
-- decides where it counts. A code that counts the same (a status that went on, say) is no other content.
{% for subject, key in keys.items() -%}
select
    moved_records.baseline,
    moved_records.subject,
    moved_records.source_id,
    moved_records.record_id,
    moved_records.month,
    moved_records.earlier_book,
    moved_records.later_book,
    earlier.record_id is not null as was_fact,
    later.record_id is not null as is_fact,
    earlier.agency_code as earlier_agency_code,
    later.agency_code as later_agency_code,
    coalesce(earlier.is_of_month, false) as was_of_month,
    coalesce(later.is_of_month, false) as is_of_month,
    earlier.extract_id as earlier_extract_id,
    earlier.row_number as earlier_row_number,
    later.extract_id as later_extract_id,
    later.row_number as later_row_number,
    coalesce(earlier.extract_id = later.extract_id and earlier.row_number = later.row_number, false)
    or (
        {% if subject == 'filings' -%}
        {{ agree(['source_agency_code', 'channel_code', 'is_channel_assumed', 'level_code']) }}
        and cast(earlier.received_at as date) is not distinct from cast(later.received_at as date)
        and ({{ agree(['status_code']) }} or {{ agree(['is_received']) }})
        {%- else -%}
        {{ agree(['source_agency_code', 'amount_vnd']) }}
        and cast(earlier.paid_at as date) is not distinct from cast(later.paid_at as date)
        and cast(earlier.refunded_at as date) is not distinct from cast(later.refunded_at as date)
        and ({{ agree(['status_id']) }} or ({{ agree(['is_paid', 'is_refunded']) }}))
        and (({{ agree(['method_id', 'collection_id']) }}) or {{ agree(['is_online_payment']) }})
        {%- endif %}
    ) as is_same_content
from moved_records
left join earlier_{{ subject }}_states as earlier
    on
        {{ share('moved_records', 'earlier', record) }}
left join later_{{ subject }}_states as later
    on
        {{ share('moved_records', 'later', record) }}
where moved_records.subject = '{{ subject }}'
{% if not loop.last %}union all
{% endif %}
{%- endfor %}
