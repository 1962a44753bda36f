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

{{ restate_mart('agency_lines', {
    'keys_of_row': ['period_key', 'calendar_id', 'kind', 'period_code', 'month'],
    'measures': measures,
    'missing': 'workload_total',
}) }}
