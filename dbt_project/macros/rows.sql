{# Which of several rows counts. #}

{# The condition of a QUALIFY: one row per key, the first in an order. `order` is what stands after ORDER BY. #}
{% macro latest_by(keys, order) -%}
    row_number() over (partition by {{ keys | join(', ') }} order by {{ order }}) = 1
{%- endmacro %}

{# One row per agency code, by its newest span: an agency that was renamed has several, and must not double what is joined to it.
   With `known_only` what the province folder does not know is left out. #}
{% macro select_newest_agencies(known_only=false) -%}
    select
        agency_code,
        name_vi,
        group_code,
        group_name_vi
    from {{ ref('dim_agencies') }}
    {% if known_only -%}
    where is_known
    {% endif -%}
    qualify {{ latest_by(['agency_code'], 'valid_from desc') }}
{%- endmacro %}
