{# Caveats are ids and parameters as JSON, whose functions stand here; dvctt's report/wording/caveats.py says them in any
   language. What was frozen before they were has its words instead. #}

{# One JSON object of names and SQL values, as text; a name whose value is NULL is left out. #}
{% macro json_record(values) -%}
    cast(
        json_merge_patch(
            '{}', json_object({% for name, value in values.items() %}'{{ name }}', {{ value }}{{ ", " if not loop.last }}{% endfor %})
        ) as {{ dbt.type_string() }}
    )
{%- endmacro %}

{# A record with more names, as text. #}
{% macro json_record_with(record, values) -%}
    cast(json_merge_patch({{ record }}, {{ json_record(values) }}) as {{ dbt.type_string() }})
{%- endmacro %}

{# The records of a group as one JSON list, as text; NULL where there is none. #}
{% macro json_list(record, order_by) -%}
    '[' || {{ dbt.listagg(record, "','", 'order by ' ~ order_by) }} || ']'
{%- endmacro %}

{# The records of one row as one JSON list, as text; one that is NULL is left out, and a list of none is NULL. #}
{% macro json_line(records) -%}
    '[' || nullif(concat_ws(',', {{ records | join(', ') }}), '') || ']'
{%- endmacro %}

{# A list that was made before, as a value of a record. #}
{% macro json_value(list) -%}
    json({{ list }})
{%- endmacro %}

{# The words of a caveat that was frozen before it had an id; NULL of every other. #}
{% macro frozen_words(caveat) -%}
    json_extract_string({{ caveat }}, '$.text_vi')
{%- endmacro %}

{# A caveat, or all of them in one list, of a frozen row: as it was frozen, or the words that an older version froze. #}
{% macro read_frozen_caveats(column) -%}
    {% set words = {'caveat_json': 'text', 'caveats_json': 'caveat'}[column] -%}
    {% set record = json_record({
        'id': "'in_words'",
        'text_vi': "json_extract_string(row_json, '$." ~ words ~ "_vi')",
        'text_en': "json_extract_string(row_json, '$." ~ words ~ "_en')",
    }) -%}
    coalesce(
        json_extract_string(row_json, '$.{{ column }}'),
        case
            when json_extract_string(row_json, '$.{{ words }}_vi') is not null
                then {{ record if column == 'caveat_json' else "'[' || " ~ record ~ " || ']'" }}
        end
    )
{%- endmacro %}
