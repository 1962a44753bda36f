-- One row per component of the index and formula version.
with components as (select * from {{ ref('ref_index_components') }}),

groups as (select * from {{ ref('ref_index_groups') }})

select
    components.component_id,
    components.formula_version,
    components.group_id,
    groups.name_vi as group_name_vi,
    groups.name_en as group_name_en,
    groups.max_points as group_points_max,
    components.official_order,
    components.name_vi,
    components.name_en,
    components.max_points as points_max,
    components.points_decimals,
    components.threshold_percent,
    components.zero_rule,
    nullif(components.portal_zero_rule, '') as portal_zero_rule,
    components.source,
    components.is_additive,
    components.numerator_vi,
    components.numerator_en,
    components.denominator_vi,
    components.denominator_en,
    nullif(components.note_vi, '') as note_vi,
    nullif(components.note_en, '') as note_en,
    components.legal_basis_vi,
    components.legal_basis_en,
    components.certainty,
    components.valid_from,
    components.valid_to
from components
inner join groups on components.group_id = groups.group_id
order by components.formula_version, components.official_order
