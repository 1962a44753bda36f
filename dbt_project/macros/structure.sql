{# Figures as they were, restated to the structure that the province folder has at its newest. Only what may be added over
   agencies is restated: counts and amounts, never shares, and never a count of different things. #}

{# Who answers under the newest structure for each agency code. What the folder does not know any more (a closed month keeps
   its codes) is joined to nobody and is not lost: see restate_agency_rows. #}
{% macro newest_heirs() -%}
    select
        agency_code,
        heir_code
    from {{ ref('dim_agency_heirs') }}
    where heir_to is null
{%- endmacro %}

{# Every code as it is called under the newest structure, and since when that structure is. #}
{% macro newest_agencies() -%}
    select
        agency_code,
        name_vi,
        name_en,
        group_code,
        group_name_vi,
        group_name_en,
        group_order,
        official_order,
        max(
            greatest(valid_from, coalesce(cast({{ dbt.dateadd('day', 1, 'valid_to') }} as date), valid_from))
        ) over () as structure_on
    from {{ ref('dim_agencies') }}
    qualify row_number() over (partition by agency_code order by valid_from desc) = 1
{%- endmacro %}

{# The agency rows of a mart (its keys, scope, entity_code and the measures), summed by the agencies, groups and province of the
   newest structure: one row per value of the keys (the month, unless said), scope and entity. A measure that is NULL for an agency is in no sum, as in the
   marts; the province's sums are those of the mart. `missing` is the measure whose NULL says that an agency's feed did not
   come; `also_missing` names the same of measures that have a feed of their own. Use: three lines in a mart of its own, as mart_online_rates_restated has them. #}
{% macro restate_agency_rows(mart, measures, missing, keys=['month'], also_missing={}) -%}
    select
        {%- for key in keys %}
        moved.{{ key }},{% endfor %}
        moved.scope,
        moved.entity_code,
        min(moved.entity_name_vi) as entity_name_vi,
        min(moved.entity_name_en) as entity_name_en,
        min(moved.group_code) as group_code,
        cast(min(moved.official_order) as integer) as official_order,
        min(moved.structure_on) as structure_on,
        cast(count(nullif(moved.agency_code, 'unknown')) as bigint) as agency_count,
        cast(sum(case when moved.{{ missing }} is null then 1 else 0 end) as bigint) as missing_agencies
        {%- for name, measure in also_missing.items() %},
        cast(sum(case when moved.{{ measure }} is null then 1 else 0 end) as bigint) as {{ name }}{% endfor %}
        {%- for measure in measures %},
        cast(sum(moved.{{ measure }}) as bigint) as {{ measure }}{% endfor %}
    from (
        {% for scope in ['agency', 'group', 'province'] -%}
        select
            {%- for key in keys %}
            was.{{ key }},{% endfor %}
            '{{ scope }}' as scope,
            was.entity_code as agency_code,
            newest.structure_on,
            {% if scope == 'agency' -%}
            newest.agency_code as entity_code,
            newest.name_vi as entity_name_vi,
            newest.name_en as entity_name_en,
            newest.group_code,
            newest.official_order
            {%- elif scope == 'group' -%}
            newest.group_code as entity_code,
            newest.group_name_vi as entity_name_vi,
            newest.group_name_en as entity_name_en,
            newest.group_code,
            newest.group_order as official_order
            {%- else -%}
            province.province_code as entity_code,
            province.name_vi as entity_name_vi,
            province.name_en as entity_name_en,
            cast(null as {{ dbt.type_string() }}) as group_code,
            0 as official_order
            {%- endif %}
            {%- for measure in measures %},
            was.{{ measure }}{% endfor %}
        from {{ mart }} as was
        left join ({{ newest_heirs() }}) as heirs on was.entity_code = heirs.agency_code
        inner join ({{ newest_agencies() }}) as newest on coalesce(heirs.heir_code, 'unallocated') = newest.agency_code
        {% if scope == 'province' -%}
        cross join {{ ref('stg_province__province') }} as province
        {% endif -%}
        where was.scope = 'agency'
        {% if not loop.last %}union all
        {% endif %}
        {%- endfor %}
    ) as moved
    group by {% for key in keys %}moved.{{ key }}, {% endfor %}moved.scope, moved.entity_code
{%- endmacro %}
