-- One row per check, month, scope, entity, vocabulary and period: a published total beside what it is made of.
{% set areas = ['monthly_totals', 'periods', 'structure', 'payments', 'index', 'form_06a'] -%}
with {% for area in areas -%}
{{ area }} as (select * from {{ ref('chk_' ~ area) }}),

{% endfor -%}

-- Ids are said in words by documents and CSV; months that were closed with words keep them.
computed as (
    {% for area in areas -%}
    select
        *,
        cast(null as {{ dbt.type_string() }}) as total_in_words_vi,
        cast(null as {{ dbt.type_string() }}) as residue_in_words_vi
    from {{ area }}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by check_id, month, scope, entity_code, vocabulary_id, version, calendar_id, kind
