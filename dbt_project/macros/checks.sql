{# Checks that totals add up: CTEs of one form, each a total beside its classes and its residue. #}

{# The rows of the CTEs `checks`, with what neither classes nor residue hold. #}
{% macro union_checks(checks) -%}
    select
        check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        total_name_vi,
        total,
        sum_of_classes,
        residue,
        residue_name_vi,
        total - sum_of_classes - residue as unexplained
    from (
        {% for check in checks -%}
        select * from {{ check }}
        {% if not loop.last %}union all
        {% endif %}
        {%- endfor %}
    ) as unioned
{%- endmacro %}
