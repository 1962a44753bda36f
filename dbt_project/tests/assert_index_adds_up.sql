-- A row is a score of the index that is not the sum of its components, points that are not between 0 and the most
-- there are, more decimals than are printed, points beside a state without any, or an additive count of the province
-- that is not the sum of agencies.
-- Closed months are as they were frozen, and add up as well.
{% set index_groups = ['transparency', 'progress', 'online_services', 'payment', 'digitisation', 'satisfaction'] -%}
{% set entity = ['month', 'span', 'scope', 'entity_code', 'formula_version'] -%}
with components as (select * from {{ ref('mart_index_components') }}),

scores as (select * from {{ ref('mart_index_scores') }})

{% for group in index_groups -%}
select
    '{{ group }}' as what,
    scores.month,
    scores.span,
    scores.scope,
    scores.entity_code
from scores
inner join components on {{ share('scores', 'components', entity) }}
where components.group_id = '{{ group }}'
group by scores.month, scores.span, scores.scope, scores.entity_code, scores.formula_version
having
    coalesce(round(1000000 * max(scores.{{ group }}_score)), -1)
    <> coalesce(sum(round(1000000 * components.points)), -1)
    or max(scores.{{ group }}_scored_max)
    <> sum(case when components.points is not null then components.points_max else 0 end)

union all

{% endfor -%}

select
    'total' as what,
    month,
    span,
    scope,
    entity_code
from scores
where
    coalesce(round(1000000 * total_score), 0) <> (
        {%- for group in index_groups %}
        round(1000000 * coalesce({{ group }}_score, 0)){{ " +" if not loop.last }}
        {%- endfor %}
    )
    or scored_max <> (
        {%- for group in index_groups %}
        {{ group }}_scored_max{{ " +" if not loop.last }}
        {%- endfor %}
    )
    or (band_id is not null and not is_complete)

union all

select
    'points of ' || component_id as what,
    month,
    span,
    scope,
    entity_code
from components
where
    points not between 0 and points_max
    -- What is printed is what is added up.
    or (formula_version > 1 and (points <> round(points, 2) or points_portal <> round(points_portal, 2)))
    or (points is null) <> (state <> 'scored')
    or (reason_id is null and denominator is null)

union all

select
    'agencies of ' || component_id as what,
    month,
    span,
    'province' as scope,
    null as entity_code
from components
where span = 'month' and is_additive and scope in ('province', 'agency')
group by month, span, component_id, formula_version
having
    coalesce(sum(case when scope = 'province' then numerator end), -1)
    <> coalesce(sum(case when scope = 'agency' then numerator end), -1)
    or coalesce(sum(case when scope = 'province' then denominator end), -1)
    <> coalesce(sum(case when scope = 'agency' then denominator end), -1)

union all

-- A scan that found nothing has checked nothing.
select
    'no score at all' as what,
    null as month,
    null as span,
    null as scope,
    null as entity_code
from scores
having count(*) = 0
