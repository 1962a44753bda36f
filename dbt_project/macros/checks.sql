{# Checks that totals add up: CTEs of one form, each a total beside its classes and its residue. #}

{# What else a check is about than a month and an entity, with its type: the vocabulary whose classes are added up, the part
   that is shown of several, and the period, whose names travel with it as they were. #}
{% macro check_subjects() -%}
    {{ return({
        'vocabulary_id': dbt.type_string(),
        'version': 'integer',
        'part_id': dbt.type_string(),
        'calendar_id': dbt.type_string(),
        'kind': dbt.type_string(),
        'period_name_vi': dbt.type_string(),
        'period_name_en': dbt.type_string(),
        'calendar_name_vi': dbt.type_string(),
        'calendar_name_en': dbt.type_string(),
    }) }}
{%- endmacro %}

{# The columns of them that say which period a check is of. #}
{% macro check_period(relation='') -%}
    {% for column in check_subjects() if column.startswith(('calendar_', 'kind', 'period_')) %}
        {{- relation ~ '.' if relation }}{{ column }}{{ ",\n        " if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# The rows of the CTEs `checks`, with what neither classes nor residue hold. All of them have the columns `subjects`; what else
   a check can be about is NULL. #}
{% macro union_checks(checks, subjects=[]) -%}
    select
        check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        {%- for column, type in check_subjects().items() %}
        {% if column in subjects -%}
        {{ column }},
        {%- else -%}
        cast(null as {{ type }}) as {{ column }},
        {%- endif %}
        {%- endfor %}
        total,
        sum_of_classes,
        residue,
        residue_id,
        total - sum_of_classes - residue as unexplained
    from (
        {% for check in checks -%}
        select * from {{ check }}
        {% if not loop.last %}union all
        {% endif %}
        {%- endfor %}
    ) as unioned
{%- endmacro %}

{# Which of several sums a check shows: the first in `order` that does not add up, and if all do the first. #}
{% macro first_unexplained(keys, order) -%}
    {{ latest_by(keys, 'coalesce(total = sum_of_classes + residue, false), ' ~ order) }}
{%- endmacro %}

{# A column of a frozen row that an older version had otherwise; the column itself of every other. There a check had its names in
   words, and an id was <check>/<calendar>/<kind> where it was of a period. #}
{% macro read_frozen_check(column) -%}
    {% set older_id = "json_extract_string(row_json, '$.check_id')" -%}
    {% set older = {
        'check_id': "split_part(" ~ older_id ~ ", '/', 1)",
        'calendar_id': "nullif(split_part(" ~ older_id ~ ", '/', 2), '')",
        'kind': "nullif(split_part(" ~ older_id ~ ", '/', 3), '')",
        'total_in_words_vi': "json_extract_string(row_json, '$.total_name_vi')",
        'residue_in_words_vi': "json_extract_string(row_json, '$.residue_name_vi')",
    } -%}
    {% set own = "json_extract_string(row_json, '$." ~ column ~ "')" -%}
    {% if column not in older -%}
    {{ own }}
    {%- elif column == 'check_id' -%}
    {{ older[column] }}
    {%- else -%}
    coalesce({{ own }}, {{ older[column] }})
    {%- endif %}
{%- endmacro %}
