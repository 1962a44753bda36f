-- One row per check, month, scope and entity: a published total beside the sum of what it is made of.
{% set areas = ['monthly_totals', 'periods', 'structure', 'payments', 'index', 'form_06a'] -%}
with {% for area in areas -%}
{{ area }} as (select * from {{ ref('chk_' ~ area) }}),

{% endfor -%}

computed as (
    {% for area in areas -%}
    select * from {{ area }}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by check_id, month, scope, entity_code
