{# Closed months: what a mart shows of a month that a person has closed are the rows that were frozen then, typed by the
   mart's contract; a column that it has gained since is NULL there. The rows come as JSON, whose functions stand here. #}

{# The mart that is being built; under a unit test the one that is tested. #}
{% macro mart_at_hand() -%}
    {% do return(graph.nodes[model.get('tested_node_unique_id') or model.unique_id] if execute else model) %}
{%- endmacro %}

{# The frozen rows of the mart at hand. Nothing has columns while dbt only parses. #}
{% macro read_closed_rows() -%}
    {% set mart = mart_at_hand() -%}
    select
        {%- for column in mart.columns.values() %}
        cast(json_extract_string(row_json, '$."{{ column.name }}"') as {{ column.data_type }}) as {{ column.name }}
        {{- "," if not loop.last }}
        {%- else %}
        row_json
        {%- endfor %}
    from {{ ref('stg_closed__mart_rows') }}
    where mart = '{{ mart.name }}' and place > 0
{%- endmacro %}

{# The months of which the mart at hand was frozen, with rows or without: a mart that is younger than a closing shows the
   closed month as it computes it. #}
{% macro select_closed_months() -%}
    select month from {{ ref('stg_closed__mart_rows') }}
    where mart = '{{ mart_at_hand().name }}' and place = 0
{%- endmacro %}

{# The rows of the CTE `computed`, which has the contract's columns, for months that are open, and the frozen ones for the
   others. #}
{% macro keep_closed_months(computed) -%}
    {% set mart = mart_at_hand() -%}
    select
        {%- for column in mart.columns.values() %}
        {{ column.name }}{{ "," if not loop.last }}
        {%- else %}
        *
        {%- endfor %}
    from {{ computed }}
    where month not in ({{ select_closed_months() }})
    union all
    {{ read_closed_rows() }}
{%- endmacro %}
