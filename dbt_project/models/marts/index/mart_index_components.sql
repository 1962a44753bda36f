-- One row per month, span, scope (agency, group, province), entity, component of the index and formula version.
-- A version that ends before it begins was a misreading: months closed by it keep it, and nothing is computed by it.
with components as (
    select
        *,
        -- Of what sources send each component has a ratio of its own; any other measure has one for all components.
        case when measure = 'index_counts' then component_id end as counted_component_id
    from {{ ref('ref_index_components') }}
    where coalesce(valid_to >= valid_from, true)
),

reasons as (select * from {{ ref('ref_index_reasons') }}),

entities as (select * from {{ ref('int_index_entities') }}),

ratios as (select * from {{ ref('int_index_ratios') }}),

fed_counts as (select * from {{ ref('int_index_fed_counts') }}),

-- A distinct count that an entity sends for itself is of one month; a year's is not their sum.
asked as (
    select
        entities.month,
        entities.span,
        entities.scope,
        entities.entity_code,
        entities.entity_name_vi,
        entities.group_code as agency_group_code,
        entities.official_order,
        entities.is_covered,
        components.component_id,
        components.counted_component_id,
        components.formula_version,
        components.group_id,
        components.official_order as component_order,
        components.name_vi,
        components.measure,
        components.max_points,
        components.points_decimals,
        components.threshold_percent,
        components.zero_rule,
        components.portal_zero_rule,
        components.is_additive,
        {{ is_in_force('components', 'entities.month') }} as is_in_force,
        case when entities.span = 'month' and not components.is_additive then entities.month end as own_month
    from entities
    cross join components
),

-- A part of a year is not the year; a part of a month is a month without the agencies that are named as missing.
explained as (
    select
        asked.*,
        coalesce(ratios.missing_agencies, 0) as missing_agencies,
        coalesce(ratios.has_any, false) and (
            asked.span = 'month' or (asked.is_covered and ratios.has_all)
        ) as is_known,
        coalesce(ratios.has_any, false) as has_any,
        coalesce(ratios.missing_reason, 'not_summable') as missing_reason,
        ratios.numerator,
        ratios.denominator,
        own.numerator as own_numerator,
        own.denominator as own_denominator
    from asked
    left join ratios
        on
            {{ share('asked', 'ratios', ['month', 'span', 'scope', 'entity_code', 'measure']) }}
            and asked.counted_component_id is not distinct from ratios.component_id
    left join fed_counts as own
        on
            asked.own_month = own.month
            and asked.entity_code = own.source_agency_code
            and asked.component_id = own.component_id
),

settled as (
    select
        *,
        case
            when is_known and denominator is not null then numerator
            when own_denominator is not null then own_numerator
            when is_known then numerator
        end as settled_numerator,
        case
            when is_known and denominator is not null then denominator
            else own_denominator
        end as settled_denominator,
        case
            when own_denominator is null or (is_known and denominator is not null) then missing_agencies
            else 0
        end as settled_missing_agencies
    from explained
),

reasoned as (
    select
        *,
        case
            when settled_denominator > 0 then null
            when settled_denominator = 0 and zero_rule = 'full' then 'nothing_is_full'
            when settled_denominator = 0 and zero_rule = 'zero' then 'nothing_is_zero'
            when settled_denominator = 0 then 'nothing_in_period'
            when has_any and not is_known then 'year_incomplete'
            else missing_reason
        end as reason_id,
        cast(100.0 * settled_numerator / nullif(settled_denominator, 0) as double) as ratio_percent
    from settled
),

-- As the national portal does: points are rounded before they are added up, so that what is printed adds up.
scored as (
    select
        *,
        case
            when ratio_percent is not null
                then
                    {{ rounded_points(
                        'max_points', 'settled_numerator', 'settled_denominator', 'threshold_percent', 'points_decimals'
                    ) }}
        end as ratio_points
    from reasoned
),

computed as (
    select
        scored.month,
        scored.span,
        scored.scope,
        scored.entity_code,
        scored.entity_name_vi,
        scored.agency_group_code as group_code,
        cast(scored.official_order as integer) as official_order,
        scored.component_id,
        scored.formula_version,
        scored.group_id,
        cast(scored.component_order as integer) as component_order,
        scored.name_vi,
        scored.is_in_force,
        scored.is_additive,
        cast(scored.settled_missing_agencies as bigint) as missing_agencies,
        cast(scored.settled_numerator as bigint) as numerator,
        cast(scored.settled_denominator as bigint) as denominator,
        scored.ratio_percent,
        scored.threshold_percent,
        scored.max_points as points_max,
        cast(
            case scored.reason_id
                when 'nothing_is_full' then scored.max_points
                when 'nothing_is_zero' then 0
                else scored.ratio_points
            end as double
        ) as points,
        cast(
            case
                when scored.settled_denominator > 0 then scored.ratio_points
                when scored.settled_denominator is null then null
                when scored.portal_zero_rule = 'full' then scored.max_points
                when scored.portal_zero_rule = 'zero' then 0
            end as double
        ) as points_portal,
        coalesce(reasons.state, 'scored') as state,
        scored.reason_id,
        reasons.name_vi as reason_vi,
        reasons.name_en as reason_en
    from scored
    left join reasons on scored.reason_id = reasons.reason_id
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, span, scope, official_order, entity_code, formula_version, component_order
