{# Whether a text holds a sign that documents show as a box or leave out (the rule is that of dvctt/core/printable.py), or that fonts
   for Vietnamese need not have: letters that are neither Latin, Greek nor Cyrillic, and pictures. #}
{% macro has_unprintable_sign(column) -%}
    regexp_matches({{ column }}, '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\p{Cf}\p{Co}\x{2028}\x{2029}\x{1f000}-\x{1faff}]|[^\p{Latin}\p{Greek}\p{Cyrillic}\p{Common}\p{Inherited}]')
{%- endmacro %}
