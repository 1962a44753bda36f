-- One row per month, span, scope (agency, group, province), entity and formula version of the index.
{% set index_groups = ['transparency', 'progress', 'online_services', 'payment', 'digitisation', 'satisfaction'] -%}
with components as (select * from {{ ref('mart_index_components') }}),

bands as (select * from {{ ref('ref_index_bands') }}),

-- Only what has points is in a score, and the most that it could give stands beside it: nothing is scaled up.
-- Points have two decimals; rounding their sum mends what adding doubles leaves.
summed as (
    select
        month,
        span,
        scope,
        entity_code,
        any_value(entity_name_vi) as entity_name_vi,
        any_value(group_code) as group_code,
        any_value(official_order) as official_order,
        formula_version,
        bool_and(is_in_force) as is_in_force,
        {%- for group in index_groups %}
        round(sum(case when group_id = '{{ group }}' then points end), 2) as {{ group }}_score,
        sum(case when group_id = '{{ group }}' and points is not null then points_max else 0 end)
            as {{ group }}_scored_max,
        {%- endfor %}
        round(sum(points), 2) as total_score,
        sum(case when points is not null then points_max else 0 end) as scored_max,
        sum(points_max) as score_max,
        round(sum(points_portal), 2) as portal_score,
        sum(case when points_portal is not null then points_max else 0 end) as portal_scored_max,
        sum(case when points is null then 1 else 0 end) as unscored_components,
        max(case when points is not null then missing_agencies else 0 end) as missing_agencies,
        {{ dbt.listagg("case when points is not null then component_id end", "','", "order by component_order") }}
            as scored_components
    from components
    group by month, span, scope, entity_code, formula_version
),

judged as (
    select
        *,
        unscored_components = 0 and missing_agencies = 0 as is_complete
    from summed
),

-- Agencies are ranked among those of their group that have points for the same components.
ranked as (
    select
        *,
        case
            when scope = 'agency' and group_code <> 'unknown' and total_score is not null
                then rank() over (
                    partition by month, span, scope, group_code, formula_version, scored_components
                    order by total_score desc
                )
        end as rank_in_group,
        case
            when scope = 'agency' and group_code <> 'unknown' and total_score is not null
                then count(*) over (partition by month, span, scope, group_code, formula_version, scored_components)
        end as ranked_among
    from judged
),

-- The highest band that the points reach.
banded as (
    select
        ranked.month,
        ranked.span,
        ranked.scope,
        ranked.entity_code,
        ranked.formula_version,
        bands.band_id,
        bands.name_vi,
        bands.name_en
    from ranked
    inner join bands
        on
            ranked.is_complete
            and ranked.total_score >= bands.min_points
            and {{ is_in_force('bands', 'ranked.month') }}
    qualify
        {{ latest_by(
            ['ranked.month', 'ranked.span', 'ranked.scope', 'ranked.entity_code', 'ranked.formula_version'],
            'bands.min_points desc'
        ) }}
),

computed as (
    select
        ranked.month,
        ranked.span,
        ranked.scope,
        ranked.entity_code,
        ranked.entity_name_vi,
        ranked.group_code,
        ranked.official_order,
        ranked.formula_version,
        ranked.is_in_force,
        {%- for group in index_groups %}
        cast(ranked.{{ group }}_score as double) as {{ group }}_score,
        cast(ranked.{{ group }}_scored_max as double) as {{ group }}_scored_max,
        {%- endfor %}
        cast(ranked.total_score as double) as total_score,
        cast(ranked.scored_max as double) as scored_max,
        cast(ranked.score_max as double) as score_max,
        cast(ranked.portal_score as double) as portal_score,
        cast(ranked.portal_scored_max as double) as portal_scored_max,
        cast(ranked.unscored_components as bigint) as unscored_components,
        cast(ranked.missing_agencies as bigint) as missing_agencies,
        ranked.is_complete,
        banded.band_id,
        banded.name_vi as band_name_vi,
        banded.name_en as band_name_en,
        cast(ranked.rank_in_group as integer) as rank_in_group,
        cast(ranked.ranked_among as integer) as ranked_among
    from ranked
    left join banded
        on {{ share('ranked', 'banded', ['month', 'span', 'scope', 'entity_code', 'formula_version']) }}
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, span, scope, official_order, entity_code, formula_version
