{# One schema: a table's prefix says its layer, and analysts type no schema. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema }}
{%- endmacro %}
