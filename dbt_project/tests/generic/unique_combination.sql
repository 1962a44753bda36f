{# A row is a combination of the columns that stands more than once, or that holds a NULL: the model's grain is not what
   its first line says. A column in may_be_null counts NULL as a value. #}
{% test unique_combination(model, columns, may_be_null=[]) %}
select
    {{ columns | join(", ") }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(", ") }}
having
    count(*) > 1{% for column in columns if column not in may_be_null %}
    or {{ column }} is null{% endfor %}
{% endtest %}
