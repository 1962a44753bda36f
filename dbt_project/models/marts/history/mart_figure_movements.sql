-- One row per baseline, month, metric, agency and record whose counted contribution moved since the baseline.
-- Baseline 'publication': what readers see while this candidate is built. Baseline 'close': a closed month as it was
-- closed.
{% set subjects = {
    'filings': {
        'key': 'filing_id',
        'measures': [
            'received', 'direct', 'online', 'postal', 'online_level_3', 'online_level_4', 'online_no_level',
        ],
    },
    'payments': {
        'key': 'payment_request_id',
        'measures': [
            'online_payment_count', 'online_payment_amount_vnd', 'other_payment_count', 'other_payment_amount_vnd',
            'online_refund_count', 'online_refund_amount_vnd',
        ],
    },
} -%}
{# Which rows a side counts: live ones of months that are not closed, frozen ones of months that are. #}
{% set sides = [
    ('publication', -1, 'earlier_', 'earlier_closed_'),
    ('publication', 1, '', 'closed_'),
] -%}
with candidate as (select * from {{ ref('stg_history__candidate') }}),

publication as (select * from {{ ref('stg_history__publication') }}),

earlier_filings as (select * from {{ ref('stg_history__filings') }}),

earlier_payments as (select * from {{ ref('stg_history__payments') }}),

earlier_quarantined_rows as (select * from {{ ref('stg_history__quarantined_rows') }}),

earlier_closed_months as (select * from {{ ref('stg_history__closed_definitions') }}),

earlier_closed_filings as (select * from {{ ref('stg_history__closed_filings') }}),

earlier_closed_payments as (select * from {{ ref('stg_history__closed_payments') }}),

earlier_closed_quarantined_rows as (select * from {{ ref('stg_history__closed_quarantined_rows') }}),

earlier_rates as (select * from {{ ref('stg_history__online_rates') }}),

earlier_payment_figures as (select * from {{ ref('stg_history__payment_figures') }}),

earlier_cut_off as (select * from {{ ref('stg_history__data_cut_off') }}),

filings as (select * from {{ ref('fct_filings') }}),

payments as (select * from {{ ref('fct_payments') }}),

quarantined_rows as (select * from {{ ref('fct_quarantined_rows') }}),

closed_months as (select * from {{ ref('stg_closed__definitions') }}),

closed_filings as (select * from {{ ref('stg_closed__filings') }}),

closed_payments as (select * from {{ ref('stg_closed__payments') }}),

closed_quarantined_rows as (select * from {{ ref('stg_closed__quarantined_rows') }}),

rates as (select * from {{ ref('mart_online_rates') }}),

payment_figures as (select * from {{ ref('mart_payments') }}),

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

-- Contributions of both sides of both baselines, signed. A payment contributes twice: where it was paid, and where it
-- was refunded.
filing_sides as (
    {% for baseline, sign, live, frozen in sides -%}
    {% for table, month in [(live ~ 'filings', 'received_month'), (frozen ~ 'filings', 'closed_month')] -%}
    select
        '{{ baseline }}' as baseline,
        {{ sign }} as sign,
        counted.source_id,
        counted.filing_id as record_id,
        counted.agency_code,
        counted.{{ month }} as month,
        counted.channel_code,
        counted.is_online,
        counted.level_code,
        counted.is_online_service_level
    from {{ table }} as counted
    inner join cells
        on
            counted.{{ month }} = cells.month
            and counted.agency_code = cells.agency_code
            and cells.subject = 'filings'
            and cells.is_earlier = {{ 'true' if live else 'false' }}
            and cells.has_figure
    where
        counted.is_received
        {%- if month == 'received_month' %}
        and counted.received_month not in (select {{ frozen }}months.month from {{ frozen }}months)
        {%- endif %}
    union all
    {% endfor -%}
    {% endfor -%}
    {% for table, sign, month in [('closed_filings', -1, 'closed_month'), ('filings', 1, 'received_month')] -%}
    select
        'close' as baseline,
        {{ sign }} as sign,
        counted.source_id,
        counted.filing_id as record_id,
        counted.agency_code,
        counted.{{ month }} as month,
        counted.channel_code,
        counted.is_online,
        counted.level_code,
        counted.is_online_service_level
    from {{ table }} as counted
    inner join closed_months on counted.{{ month }} = closed_months.month
    where counted.is_received
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

payment_sides as (
    {% for kind, where, own_month in [
        ('paid', 'counted.is_paid', 'paid_month'),
        ('refunded', 'counted.is_refunded and counted.is_online_payment', 'refunded_month'),
    ] -%}
    {% for baseline, sign, live, frozen in sides -%}
    {% for table, is_frozen in [(live ~ 'payments', false), (frozen ~ 'payments', true)] -%}
    select
        '{{ baseline }}' as baseline,
        {{ sign }} as sign,
        '{{ kind }}' as kind,
        counted.source_id,
        counted.payment_request_id as record_id,
        counted.agency_code,
        counted.{{ own_month }} as month,
        counted.is_online_payment,
        counted.amount_vnd
    from {{ table }} as counted
    inner join cells
        on
            counted.{{ own_month }} = cells.month
            and counted.agency_code = cells.agency_code
            and cells.subject = 'payments'
            and cells.is_earlier = {{ 'true' if live else 'false' }}
            and cells.has_figure
    where
        {{ where }}
        {%- if is_frozen %}
        and counted.{{ own_month }} = counted.closed_month
        {%- else %}
        and counted.{{ own_month }} not in (select {{ frozen }}months.month from {{ frozen }}months)
        {%- endif %}
    union all
    {% endfor -%}
    {% endfor -%}
    {% for table, sign in [('closed_payments', -1), ('payments', 1)] -%}
    select
        'close' as baseline,
        {{ sign }} as sign,
        '{{ kind }}' as kind,
        counted.source_id,
        counted.payment_request_id as record_id,
        counted.agency_code,
        counted.{{ own_month }} as month,
        counted.is_online_payment,
        counted.amount_vnd
    from {{ table }} as counted
    inner join closed_months on counted.{{ own_month }} = closed_months.month
    where
        {{ where }}
        {%- if sign < 0 %}
        and counted.{{ own_month }} = counted.closed_month
        {%- endif %}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

-- What counts the same on both sides drops out here, before anything is looked at closer.
moved_filings as (
    select
        baseline,
        source_id,
        record_id,
        agency_code,
        month,
        channel_code,
        is_online,
        level_code,
        is_online_service_level,
        sum(sign) as net
    from filing_sides
    group by
        baseline, source_id, record_id, agency_code, month, channel_code, is_online, level_code, is_online_service_level
    having sum(sign) <> 0
),

moved_payments as (
    select
        baseline,
        kind,
        source_id,
        record_id,
        agency_code,
        month,
        is_online_payment,
        amount_vnd,
        sum(sign) as net
    from payment_sides
    group by baseline, kind, source_id, record_id, agency_code, month, is_online_payment, amount_vnd
    having sum(sign) <> 0
),

filings_nets as (
    select
        baseline,
        source_id,
        record_id,
        agency_code,
        month,
        {{ sum_filing_measures('net') }}
    from moved_filings
    group by baseline, source_id, record_id, agency_code, month
),

payments_nets as (
    select
        baseline,
        source_id,
        record_id,
        agency_code,
        month,
        {{ sum_paid_measures("case when kind = 'paid' then net else 0 end") }},
        {{ sum_refund_measures("case when kind = 'refunded' then net else 0 end") }}
    from moved_payments
    group by baseline, source_id, record_id, agency_code, month
),

movements as (
    {% for subject, parts in subjects.items() -%}
    {% set last_subject = loop.last -%}
    {% for measure in parts.measures -%}
    select
        baseline,
        '{{ subject }}' as subject,
        '{{ measure }}' as metric,
        source_id,
        record_id,
        agency_code,
        month,
        {{ measure }} as effect
    from {{ subject }}_nets
    where {{ measure }} <> 0
    {% if not (last_subject and loop.last) %}union all
    {% endif %}
    {%- endfor %}
    {%- endfor %}
),

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
        from movements
    ) as moved
    left join earlier_closed_months on moved.baseline = 'publication' and moved.month = earlier_closed_months.month
    left join closed_months on moved.month = closed_months.month
),

{% for subject, parts in subjects.items() -%}
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
        state.{{ parts.key }} as record_id,
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
            and moved_records.record_id = state.{{ parts.key }}
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
),

{% endfor -%}
{% endfor -%}

-- Whether the source gave the same of the record: the same row of the same content, or the same values of all that
-- decides where it counts. A code that counts the same (a status that went on, say) is no other content.
states as (
    {% for subject, parts in subjects.items() -%}
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
            {{ share('moved_records', 'earlier', ['baseline', 'source_id', 'record_id', 'month']) }}
    left join later_{{ subject }}_states as later
        on
            {{ share('moved_records', 'later', ['baseline', 'source_id', 'record_id', 'month']) }}
    where moved_records.subject = '{{ subject }}'
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

-- What was set aside then, book by book.
books_of_quarantine as (
    {% for baseline, table, book in [
        ('publication', 'earlier_quarantined_rows', 'cast(null as date)'),
        ('publication', 'earlier_closed_quarantined_rows', 'closed_month'),
        ('close', 'closed_quarantined_rows', 'closed_month'),
    ] -%}
    select
        '{{ baseline }}' as baseline,
        {{ book }} as book,
        case entity when 'filings' then 'filings' else 'payments' end as subject,
        source_id,
        record_key,
        {{ file_of_extract('extract_id') }} as file_of_extract,
        row_number
    from {{ table }}
    where entity in ('filings', 'payment_requests')
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

newcomers as (
    select
        *,
        {{ file_of_extract('later_extract_id') }} as file_of_extract,
        later_row_number as row_number
    from states
    where not was_fact
),

-- By its own key or, where it had none that is well-formed, by its place in the file.
released as (
    select
        newcomers.baseline,
        newcomers.subject,
        newcomers.source_id,
        newcomers.record_id,
        newcomers.month
    from newcomers
    inner join books_of_quarantine
        on
            newcomers.baseline = books_of_quarantine.baseline
            and newcomers.earlier_book is not distinct from books_of_quarantine.book
            and newcomers.subject = books_of_quarantine.subject
            and newcomers.source_id = books_of_quarantine.source_id
            and newcomers.record_id = books_of_quarantine.record_key
    union distinct
    select
        newcomers.baseline,
        newcomers.subject,
        newcomers.source_id,
        newcomers.record_id,
        newcomers.month
    from newcomers
    inner join books_of_quarantine
        on
            newcomers.baseline = books_of_quarantine.baseline
            and newcomers.earlier_book is not distinct from books_of_quarantine.book
            and {{ share('newcomers', 'books_of_quarantine', ['subject', 'source_id', 'file_of_extract']) }}
            and newcomers.row_number = books_of_quarantine.row_number
    where books_of_quarantine.record_key is null
),

-- Records that are no facts any more because a later file holds them in rows that are set aside: by their own key or,
-- where those rows have none that is well-formed, by their place in the file. The source mended nothing.
leavers as (
    select
        *,
        {{ file_of_extract('earlier_extract_id') }} as file_of_extract,
        earlier_row_number as row_number
    from states
    where not is_fact
),

aside_now as (
    select
        case entity when 'filings' then 'filings' else 'payments' end as subject,
        source_id,
        record_key,
        {{ file_of_extract('extract_id') }} as file_of_extract,
        row_number
    from quarantined_rows
    where entity in ('filings', 'payment_requests')
),

set_aside as (
    select
        leavers.baseline,
        leavers.subject,
        leavers.source_id,
        leavers.record_id,
        leavers.month
    from leavers
    inner join aside_now
        on
            leavers.subject = aside_now.subject
            and leavers.source_id = aside_now.source_id
            and leavers.record_id = aside_now.record_key
    union distinct
    select
        leavers.baseline,
        leavers.subject,
        leavers.source_id,
        leavers.record_id,
        leavers.month
    from leavers
    inner join aside_now
        on
            {{ share('leavers', 'aside_now', ['subject', 'source_id', 'file_of_extract']) }}
            and leavers.row_number = aside_now.row_number
    where aside_now.record_key is null
),

-- What the software, the definitions and the province folder were on either side.
makers as (
    {% for baseline, side, table, book in [
        ('publication', 'earlier', 'publication', 'cast(null as date)'),
        ('publication', 'earlier', 'earlier_closed_months', 'month'),
        ('publication', 'later', 'candidate', 'cast(null as date)'),
        ('publication', 'later', 'closed_months', 'month'),
        ('close', 'earlier', 'closed_months', 'month'),
        ('close', 'later', 'candidate', 'cast(null as date)'),
    ] -%}
    select
        '{{ baseline }}' as baseline,
        '{{ side }}' as side,
        {{ book }} as book,
        software_version,
        definitions_digest,
        province_digest
    from {{ table }}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

judged as (
    select
        movements.baseline,
        movements.month,
        movements.metric,
        movements.agency_code,
        movements.subject,
        movements.source_id,
        movements.record_id,
        movements.effect,
        case when states.is_fact then states.later_extract_id else states.earlier_extract_id end as extract_id,
        case when states.is_fact then states.later_row_number else states.earlier_row_number end as row_number,
        case
            when not states.was_fact and released.record_id is not null then 'released_from_quarantine'
            when not states.was_fact then 'late_filings'
            when
                movements.baseline = 'publication'
                and states.was_of_month
                and states.earlier_agency_code = movements.agency_code
                and not earlier_cells.has_figure
                then 'late_filings'
            when not states.is_fact and gone_aside.extract_id is null and set_aside.record_id is not null
                then 'set_aside'
            when not states.is_fact and gone_aside.extract_id is null then 'corrections'
            when states.is_fact and not states.is_same_content then 'corrections'
            -- Nothing else changed, and yet the agency's feed no longer counts as delivered: its source took rows back.
            when
                movements.baseline = 'publication'
                and states.is_of_month
                and states.later_agency_code = movements.agency_code
                and not later_cells.has_figure
                and {{ is_same_maker('software_version') }}
                and {{ is_same_maker('definitions_digest') }}
                and {{ is_same_maker('province_digest') }}
                then 'corrections'
            when {{ is_same_maker('software_version') }} and {{ is_same_maker('definitions_digest') }}
                then 'reclassified'
            else 'definition_changed'
        end as cause
    from movements
    inner join states
        on
            {{ share('movements', 'states', ['baseline', 'subject', 'source_id', 'record_id', 'month']) }}
    left join released
        on
            {{ share('movements', 'released', ['baseline', 'subject', 'source_id', 'record_id', 'month']) }}
    left join set_aside
        on
            {{ share('movements', 'set_aside', ['baseline', 'subject', 'source_id', 'record_id', 'month']) }}
    -- The very row that counted then has been set aside since: the source did not change it, a rule did.
    left join quarantined_rows as gone_aside
        on
            not states.is_fact
            and states.earlier_extract_id = gone_aside.extract_id
            and states.earlier_row_number = gone_aside.row_number
    left join cells as earlier_cells
        on
            {{ share('movements', 'earlier_cells', ['subject', 'month', 'agency_code']) }}
            and earlier_cells.is_earlier
    left join cells as later_cells
        on
            {{ share('movements', 'later_cells', ['subject', 'month', 'agency_code']) }}
            and not later_cells.is_earlier
    left join makers as earlier_makers
        on
            movements.baseline = earlier_makers.baseline
            and states.earlier_book is not distinct from earlier_makers.book
            and earlier_makers.side = 'earlier'
    left join makers as later_makers
        on
            movements.baseline = later_makers.baseline
            and states.later_book is not distinct from later_makers.book
            and later_makers.side = 'later'
)

select
    judged.baseline,
    coalesce(closed_months.publication_number, publication.publication_number) as from_publication,
    closed_months.revision,
    judged.month,
    judged.metric,
    judged.agency_code,
    case judged.subject when 'filings' then 'filings' else 'payment_requests' end as entity,
    judged.source_id,
    judged.record_id,
    cast(judged.effect as bigint) as effect,
    judged.cause,
    judged.extract_id,
    judged.row_number
from judged
left join closed_months on judged.baseline = 'close' and judged.month = closed_months.month
left join publication on judged.baseline = 'publication'
order by
    judged.baseline, judged.month, judged.metric, judged.agency_code, judged.subject, judged.source_id, judged.record_id
