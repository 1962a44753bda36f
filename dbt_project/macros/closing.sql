{# Closed months: what a mart shows of a month that a person has closed are the rows that were frozen then, typed by the
   mart's contract; a column that it has gained since is NULL there. The rows come as JSON, whose functions stand here. #}

{# Name of the mart that is being built; under a unit test of the one that is tested. #}
{% macro mart_at_hand() -%}
    {{ (model.get('tested_node_unique_id') or model.unique_id).split('.')[2] }}
{%- endmacro %}

{# Its columns, in order: those of its contract. A unit test knows no contract and takes them from the mart as it was built.
   While dbt only parses there are none. `frozen` reads each out of a frozen row. #}
{% macro columns_at_hand(frozen) -%}
    {% if model.get('tested_node_unique_id') and execute -%}
        {% set columns = adapter.get_columns_in_relation(
            api.Relation.create(database=model.database, schema=model.schema, identifier=mart_at_hand())
        ) -%}
        {% if not columns -%}
            {% do exceptions.raise_compiler_error(
                mart_at_hand() ~ ' has not been built: wanted a candidate with it for its unit tests'
            ) %}
        {%- endif %}
    {%- else -%}
        {% set columns = model.columns.values() -%}
    {%- endif %}
    {%- for column in columns %}
        {% if frozen and column.name in ['caveat_json', 'caveats_json'] -%}
        {{ read_frozen_caveats(column.name) }} as {{ column.name }}
        {%- elif frozen and mart_at_hand() == 'mart_additivity_checks' -%}
        cast({{ read_frozen_check(column.name) }} as {{ column.data_type }}) as {{ column.name }}
        {%- elif frozen -%}
        cast(json_extract_string(row_json, '$."{{ column.name }}"') as {{ column.data_type }}) as {{ column.name }}
        {%- else -%}
        {{ column.name }}
        {%- endif %}
        {{- "," if not loop.last }}
    {%- else %}
        *
    {%- endfor %}
{%- endmacro %}

{# The frozen rows of the mart at hand. #}
{% macro read_closed_rows() -%}
    select
        {{- columns_at_hand(frozen=true) }}
    from {{ ref('stg_closed__mart_rows') }}
    where mart = '{{ mart_at_hand() }}' and place > 0
{%- endmacro %}

{# The months of which the mart at hand was frozen, with rows or without: a mart that is younger than a closing shows the
   closed month as it computes it. #}
{% macro select_closed_months() -%}
    select month from {{ ref('stg_closed__mart_rows') }}
    where mart = '{{ mart_at_hand() }}' and place = 0
{%- endmacro %}

{# The rows of the CTE `computed`, which has the contract's columns, for months that are open, and the frozen ones for the
   others. #}
{% macro keep_closed_months(computed) -%}
    select
        {{- columns_at_hand(frozen=false) }}
    from {{ computed }}
    where month not in ({{ select_closed_months() }})
    union all
    {{ read_closed_rows() }}
{%- endmacro %}
