-- One row per source, entity, file month and coded column: its rows, and those with a value that no list has.
{% set coded = coded_columns() -%}
with
{% for entity, columns in coded.items() -%}
{{ entity }} as (
    select
        source_id,
        '{{ entity }}' as entity,
        file_month,
        unmapped_columns,
        count(*) as row_count,
        sum(case when disposition = 'quarantined' then 1 else 0 end) as set_aside_rows
    from {{ ref('int_' ~ entity ~ '_disposed') }}
    group by source_id, file_month, unmapped_columns
),

{% endfor -%}
counted as (
    {% for entity, columns in coded.items() -%}
    {% set last_entity = loop.last -%}
    {% for column in columns -%}
    {% set is_unmapped_here = is_unmapped('unmapped_columns', column) -%}
    select
        source_id,
        entity,
        file_month,
        '{{ column }}' as column_name,
        sum(row_count) as row_count,
        sum(case when {{ is_unmapped_here }} then row_count else 0 end) as unmapped_rows,
        sum(case when {{ is_unmapped_here }} then set_aside_rows else 0 end) as set_aside_rows
    from {{ entity }}
    group by source_id, entity, file_month
    {% if not (loop.last and last_entity) %}union all
    {% endif %}
    {%- endfor %}
    {%- endfor %}
)

select
    source_id,
    entity,
    file_month,
    column_name,
    cast(row_count as bigint) as row_count,
    cast(unmapped_rows as bigint) as unmapped_rows,
    cast(set_aside_rows as bigint) as set_aside_rows,
    cast(0 as bigint) as wanted_rows
from counted
order by source_id, entity, file_month, column_name
