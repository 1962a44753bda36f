-- One row per reporting period, scope and entity (agency, group, province) of the newest structure: II.06a restated.
-- The form is by the agencies of the period's last day; their lines are summed by who answers in the newest structure.
{% set measures = workload_columns() -%}
with form as (select * from {{ ref('mart_form_06a') }}),

agency_lines as (
    select
        period_key,
        calendar_id,
        kind,
        period_code,
        month,
        'agency' as scope,
        line_code as entity_code{% for measure in measures %},
        {{ measure }}{% endfor %}
    from form
    where arrangement = 'by_agency' and scope = 'province' and line_kind = 'agency'
),

restated as (
    {{ restate_agency_rows(
        'agency_lines', measures, missing='workload_total',
        keys=['period_key', 'calendar_id', 'kind', 'period_code', 'month']
    ) }}
)

select
    period_key,
    calendar_id,
    kind,
    period_code,
    month,
    scope,
    entity_code,
    entity_name_vi,
    entity_name_en,
    group_code,
    official_order,
    structure_on,
    agency_count,
    missing_agencies{% for measure in measures %},
    {{ measure }}{% endfor %}
from restated
order by period_key, scope, official_order, entity_code
