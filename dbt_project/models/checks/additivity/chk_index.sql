-- One row per check, month, scope and entity: points and counts of the index.
-- What did not come is NULL and has no parts: its feeds are named in mart_feeds and mart_caveats.
{% set index_groups = ['transparency', 'progress', 'online_services', 'payment', 'digitisation', 'satisfaction'] -%}
{% set entity = ['month', 'span', 'scope', 'entity_code', 'entity_name_vi', 'formula_version'] -%}
with index_scores as (select * from {{ ref('mart_index_scores') }}),

index_components as (select * from {{ ref('mart_index_components') }}),

-- Points in millionths, which months closed by the first version of the formula have.
score_halves as (
    {% for part_id in ['total'] + index_groups -%}
    select
        {{ entity | join(', ') }},
        '{{ part_id }}' as part_id,
        {{ loop.index }} as part_order,
        round(1000000 * {{ part_id }}_score) as total,
        null as part
    from index_scores
    union all
    {% endfor -%}
    {% for part_id in ["'total'", 'group_id'] -%}
    select
        {{ entity | join(', ') }},
        {{ part_id }} as part_id,
        null as part_order,
        null as total,
        round(1000000 * points) as part
    from index_components
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

score_sums as (
    select
        {{ entity | join(', ') }},
        part_id,
        min(part_order) as part_order,
        cast(sum(total) as bigint) as total,
        cast(sum(part) as bigint) as sum_of_classes,
        cast(0 as bigint) as residue
    from score_halves
    group by {{ entity | join(', ') }}, part_id
    having count(total) > 0 or count(part) > 0
),

-- Of several formula versions the newest is shown where all hold, of the six groups the first that has points.
{% set of_scores = [
    ('index_points_are_sum_of_components', 'month', '='),
    ('index_groups_are_sum_of_components', 'month', '<>'),
    ('index_points_to_date_are_sum_of_components', 'year_to_date', '='),
    ('index_groups_to_date_are_sum_of_components', 'year_to_date', '<>'),
] -%}
{% for check_id, span, relation in of_scores -%}
scores_{{ loop.index }} as (
    select
        '{{ check_id }}' as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        part_id || '/' || formula_version as part_id,
        total,
        sum_of_classes,
        residue,
        cast(null as {{ dbt.type_string() }}) as residue_id
    from score_sums
    where span = '{{ span }}' and part_id {{ relation }} 'total'
    qualify {{ first_unexplained(['month', 'scope', 'entity_code'], 'formula_version desc, part_order') }}
),

{% endfor -%}

-- Procedures are not among them: a distinct count is no sum. Nor is a year, in which agencies may have ended.
{% for count in ['numerator', 'denominator'] -%}
index_{{ count }}s as (
    select
        'index_{{ count }}s_are_sum_of_agencies' as check_id,
        month,
        'province' as scope,
        max(case when scope = 'province' then entity_code end) as entity_code,
        max(case when scope = 'province' then entity_name_vi end) as entity_name_vi,
        cast(null as {{ dbt.type_string() }}) as part_id,
        cast(sum(case when scope = 'province' then {{ count }} end) as bigint) as total,
        cast(sum(case when scope = 'agency' and entity_code <> 'unknown' then {{ count }} end) as bigint)
            as sum_of_classes,
        cast(coalesce(sum(case when scope = 'agency' and entity_code = 'unknown' then {{ count }} end), 0) as bigint)
            as residue,
        'unknown_agency' as residue_id
    from index_components
    where span = 'month' and is_additive
    group by month
    having sum(case when scope = 'province' then {{ count }} end) is not null
),

{% endfor -%}

computed as (
    {{ union_checks(
        ['scores_1', 'scores_2', 'scores_3', 'scores_4', 'index_numerators', 'index_denominators'], subjects=['part_id']
    ) }}
)

select * from computed
