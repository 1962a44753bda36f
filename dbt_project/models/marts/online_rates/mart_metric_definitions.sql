-- One row per definition of a metric and version.
select
    metric_id,
    metric,
    version,
    name_vi,
    name_en,
    numerator_vi,
    numerator_en,
    denominator_vi,
    denominator_en,
    exclusions_vi,
    exclusions_en,
    not_applied,
    not_applied_vi,
    not_applied_en,
    legal_basis_vi,
    legal_basis_en,
    certainty,
    is_report_definition,
    valid_from,
    valid_to
from {{ ref('ref_metric_definitions') }}
order by metric_id, version
