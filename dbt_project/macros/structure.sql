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
    qualify {{ latest_by(['agency_code'], 'valid_from desc') }}
{%- endmacro %}

{# The agency rows of a mart (its keys, scope, entity_code and the measures), summed by the agencies, groups and province of the
   newest structure: one row per value of the keys (the month, unless said), scope and entity. A measure that is NULL for an agency is in no sum, as in the
   marts; the province's sums are those of the mart. `missing` is the measure whose NULL says that an agency's feed did not
   come; `also_missing` names the same of measures that have a feed of their own. restate_mart makes a mart of it. #}
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

{# A mart restated to the newest structure: the CTE `restated` and the select over it. `mart` is a CTE of its agency rows; `shape` says
   what it is made of: its measures, which of them is `missing` where the feed did not come (`also_missing`: see above), its keys
   beside scope and entity (the month, unless said), and its shares as (numerator, denominator). A zero denominator has no
   share: NULL, never 0 %. #}
{% macro restate_mart(mart, shape) -%}
{% set keys = shape.keys_of_row or ['month'] -%}
restated as (
    {{ restate_agency_rows(mart, shape.measures, shape.missing, keys=keys, also_missing=shape.also_missing or {}) }}
)

select
    {% for key in keys -%}
    {{ key }},
    {% endfor -%}
    scope,
    entity_code,
    entity_name_vi,
    entity_name_en,
    group_code,
    official_order,
    structure_on,
    agency_count,
    missing_agencies{% for measure in shape.measures %},
    {{ measure }}{% endfor %}{% for name in (shape.also_missing or {}) %},
    {{ name }}{% endfor %}{% for name, (numerator, denominator) in (shape.shares or {}).items() %},
    cast(100.0 * {{ numerator }} / nullif({{ denominator }}, 0) as double) as {{ name }}{% endfor %}
from restated
order by {{ keys[0] }}, scope, official_order, entity_code
{%- endmacro %}

{# Whether a span of validity touches the days from `first_day` to `last_day`; what has no first day is never valid. #}
{% macro is_valid_between(table, first_day, last_day) -%}
    {{ table }}.valid_from <= {{ last_day }}
            and ({{ table }}.valid_to is null or {{ first_day }} <= {{ table }}.valid_to)
{%- endmacro %}

{# The same of a month, by its first day. #}
{% macro is_valid_in_month(table, month) -%}
    {{ is_valid_between(table, month, dbt.last_day(month, 'month')) }}
{%- endmacro %}

{# The rows of agencies once more for their groups and once more for the province: each row of `rows` three times, with scope and
   entity_code before its own columns. What is asked of an entity is summed over them by the reader. `rows` has agency_code and
   group_code; `province` is a CTE. With `names` (name_vi, name_en) it has each of them, group_ and that name, official_order and
   group_order as well, and the entity's own are added: entity_name_vi, entity_group_code, entity_order. #}
{% macro roll_up(rows, names=[]) -%}
    {% for scope in ['agency', 'group', 'province'] -%}
    select
        '{{ scope }}' as scope,
        {% if scope == 'province' -%}
        province.province_code as entity_code,
        {% else -%}
        {{ rows }}.{{ scope }}_code as entity_code,
        {% endif -%}
        {% for name in names -%}
        {% if scope == 'agency' -%}
        {{ rows }}.{{ name }} as entity_{{ name }},
        {% elif scope == 'group' -%}
        {{ rows }}.group_{{ name }} as entity_{{ name }},
        {% else -%}
        coalesce(province.{{ name }}, province.name_vi) as entity_{{ name }},
        {% endif -%}
        {% endfor -%}
        {% if names and scope == 'province' -%}
        cast(null as {{ dbt.type_string() }}) as entity_group_code,
        0 as entity_order,
        {% elif names -%}
        {{ rows }}.group_code as entity_group_code,
        {{ rows }}.{{ 'official' if scope == 'agency' else 'group' }}_order as entity_order,
        {% endif -%}
        {{ rows }}.*
    from {{ rows }}
    {% if scope == 'province' -%}
    cross join province
    {%- else -%}
    union all
    {% endif -%}
    {% endfor -%}
{%- endmacro %}
