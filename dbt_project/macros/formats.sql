{# A count within a sentence, with the thousands' mark of its language: 1,234 in English, 1.234 in Vietnamese. Only sentences need
   it; what a report prints of a column is its own business. #}
{% macro count_text(value, language) -%}
    {% set grouped = "format('{:,}', cast(" ~ value ~ " as bigint))" -%}
    {{ "replace(" ~ grouped ~ ", ',', '.')" if language == 'vi' else grouped }}
{%- endmacro %}
