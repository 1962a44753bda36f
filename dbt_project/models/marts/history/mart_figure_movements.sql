-- One row per baseline, month, metric, agency and record whose counted contribution moved since the baseline.
-- Baseline 'publication': what readers see while this candidate is built. Baseline 'close': a closed month as it was
-- closed.
with candidate as (select * from {{ ref('stg_history__candidate') }}),

publication as (
    select
        *,
        'publication' as baseline
    from {{ ref('stg_history__publication') }}
),

earlier_closed_months as (select * from {{ ref('stg_history__closed_definitions') }}),

closed_months as (select * from {{ ref('stg_closed__definitions') }}),

movements as (select * from {{ ref('int_figure_contributions') }}),

states as (select * from {{ ref('int_figure_states') }}),

causes as (select * from {{ ref('int_figure_causes') }}),

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
            when not states.was_fact and causes.is_released then 'released_from_quarantine'
            when not states.was_fact then 'late_filings'
            when
                movements.baseline = 'publication'
                and states.was_of_month
                and states.earlier_agency_code = movements.agency_code
                and not movements.had_figure
                then 'late_filings'
            -- Whatever its records say: the agency's figure is gone because a file was refused, and its source took
            -- nothing back.
            when movements.baseline = 'publication' and movements.is_refused then 'refused_files'
            when not states.is_fact and not causes.is_row_set_aside and causes.is_set_aside then 'set_aside'
            when not states.is_fact and not causes.is_row_set_aside then 'corrections'
            when states.is_fact and not states.is_same_content then 'corrections'
            -- Nothing else changed, and yet the agency's feed no longer counts as delivered: its source took rows back.
            when
                movements.baseline = 'publication'
                and states.is_of_month
                and states.later_agency_code = movements.agency_code
                and not movements.has_figure
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
    inner join causes
        on
            {{ share('movements', 'causes', ['baseline', 'subject', 'source_id', 'record_id', 'month']) }}
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
left join closed_months on case when judged.baseline = 'close' then judged.month end = closed_months.month
left join publication on judged.baseline = publication.baseline
order by
    judged.baseline, judged.month, judged.metric, judged.agency_code, judged.subject, judged.source_id, judged.record_id
