-- One row per landed row that was set aside, with its reason and its place in the source's file.
{% set entities = [
    ('filings', 'source_agency_code'),
    ('payment_requests', 'source_agency_code'),
    ('payment_attempts', 'cast(null as ' ~ dbt.type_string() ~ ')'),
    ('procedures', 'cast(null as ' ~ dbt.type_string() ~ ')'),
    ('reported_figures', 'source_agency_code'),
    ('index_counts', 'source_agency_code'),
] %}
with
{% for entity, agency in entities -%}
{{ entity }} as (
    select
        source_id,
        '{{ entity }}' as entity,
        file_month,
        extract_id,
        row_number,
        {{ agency }} as source_agency_code,
        quarantine_reason,
        unparseable_columns
    from {{ ref('int_' ~ entity ~ '_disposed') }}
    where disposition = 'quarantined'
),

{% endfor -%}
unioned as (
    {% for entity, _ in entities -%}
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
    unioned.quarantine_reason,
    unioned.unparseable_columns
from unioned
inner join {{ ref('stg_landing__extracts') }} as extracts on unioned.extract_id = extracts.extract_id
