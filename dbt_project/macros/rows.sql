{# Which of several rows counts. #}

{# The condition of a QUALIFY: one row per key, the first in an order. `order` is what stands after ORDER BY. #}
{% macro latest_by(keys, order) -%}
    row_number() over (partition by {{ keys | join(', ') }} order by {{ order }}) = 1
{%- endmacro %}
