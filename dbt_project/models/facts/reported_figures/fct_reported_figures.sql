-- One row per agency, month and indicator: what the agency itself reported.
with disposed as (select * from {{ ref('int_reported_figures_disposed') }})

select
    source_id,
    source_agency_code,
    month,
    indicator,
    reported_value,
    extract_id,
    row_number
from disposed
where disposition = 'fact'
