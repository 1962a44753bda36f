{# What was published and closed before, staged: the columns that the model's properties list, and no other. dvctt's
   warehouse/previous.py has laid them with their types, so there is nothing to clean. #}
{% macro stage_columns(schema, table) -%}
    select
        {{- columns_at_hand(frozen=false) }}
    from {{ source(schema, table) }}
{%- endmacro %}
