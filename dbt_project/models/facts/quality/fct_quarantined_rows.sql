-- One row per landed row that was set aside, with its reason and its place in the source's file.
{% set nothing = 'cast(null as ' ~ dbt.type_string() ~ ')' %}
{% set entities = [
    ('filings', 'source_agency_code', 'filing_id', 50),
    ('payment_requests', 'source_agency_code', 'payment_request_id', 80),
    ('payment_attempts', nothing, 'payment_attempt_id', 80),
    ('procedures', nothing, none, none),
    ('reported_figures', 'source_agency_code', none, none),
    ('index_counts', 'source_agency_code', none, none),
] %}
with
{% for entity, agency, key, longest in entities -%}
{{ entity }} as (
    select
        source_id,
        '{{ entity }}' as entity,
        file_month,
        extract_id,
        row_number,
        {{ agency }} as source_agency_code,
        -- What a later sound row of the same record is found by; a key of several columns is no record's.
        {% if key -%}
        case when {{ is_well_formed_key(key, longest) }} then {{ key }} end as record_key,
        {% else -%}
        {{ nothing }} as record_key,
        {% endif -%}
        quarantine_reason,
        unparseable_columns
    from {{ ref('int_' ~ entity ~ '_disposed') }}
    where disposition = 'quarantined'
),

{% endfor -%}
extracts as (select * from {{ ref('stg_landing__extracts') }}),

reasons as (select * from {{ ref('ref_quarantine_reasons') }}),

stand_ins as (select * from {{ ref('ref_stand_in_names') }}),

agencies as (
    {{ select_newest_agencies(known_only=true) }}
),

unioned as (
    {% for entity, _, _, _ in entities -%}
    select * from {{ entity }}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
)

select
    unioned.source_id,
    unioned.entity,
    unioned.file_month,
    extracts.file_name,
    unioned.extract_id,
    unioned.row_number,
    unioned.source_agency_code,
    coalesce(agencies.agency_code, 'unknown') as agency_code,
    coalesce(agencies.name_vi, stand_ins.name_vi) as agency_name_vi,
    unioned.record_key,
    unioned.quarantine_reason,
    coalesce(reasons.name_vi, unioned.quarantine_reason) as reason_name_vi,
    reasons.next_vi,
    unioned.unparseable_columns
from unioned
inner join extracts on unioned.extract_id = extracts.extract_id
left join agencies on unioned.source_agency_code = agencies.agency_code
left join reasons on unioned.quarantine_reason = reasons.quarantine_reason
left join stand_ins on stand_ins.stand_in = 'unknown_agency'
