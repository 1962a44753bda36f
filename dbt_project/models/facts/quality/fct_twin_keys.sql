-- One row per landed row of an active extract whose key stands in another spelling elsewhere in its source and entity.
{% set entities = [
    ('filings', 'filing_id'),
    ('payment_requests', 'payment_request_id'),
    ('payment_attempts', 'payment_attempt_id'),
    ('procedures', 'procedure_code'),
] %}
with
{% for entity, key in entities -%}
{{ entity }} as (
    select
        source_id,
        '{{ entity }}' as entity,
        file_month,
        extract_id,
        row_number,
        {{ key }} as record_key,
        {{ fold_key(key) }} as folded_key,
        trim(written_key) as written_key,
        disposition
    from {{ ref('int_' ~ entity ~ '_disposed') }}
    where
        {{ key }} is not null
        and (quarantine_reason is null or quarantine_reason not in ('unparseable', 'malformed_key'))
),

{{ entity }}_twins as (
    select
        source_id,
        folded_key,
        count(distinct case when disposition = 'fact' then record_key end) as counted_spellings
    from {{ entity }}
    group by source_id, folded_key
    having min(record_key) <> max(record_key) or min(written_key) <> max(written_key)
),

{% endfor -%}
extracts as (select * from {{ ref('stg_landing__extracts') }}),

found as (
    {% for entity, _ in entities -%}
    select
        {{ entity }}.*,
        {{ entity }}_twins.counted_spellings
    from {{ entity }}
    inner join {{ entity }}_twins
        on
            {{ entity }}.source_id = {{ entity }}_twins.source_id
            and {{ entity }}.folded_key = {{ entity }}_twins.folded_key
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
)

select
    found.source_id,
    found.entity,
    found.file_month,
    extracts.file_name,
    found.extract_id,
    found.row_number,
    found.record_key,
    found.folded_key,
    found.counted_spellings > 1 and found.disposition = 'fact' as is_counted_twice
from found
inner join extracts on found.extract_id = extracts.extract_id
