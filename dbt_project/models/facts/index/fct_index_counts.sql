-- One row per agency, month and index component that filings and payments cannot give.
with disposed as (select * from {{ ref('int_index_counts_disposed') }})

select
    source_id,
    source_agency_code,
    month,
    component,
    numerator,
    denominator,
    extract_id,
    row_number
from disposed
where disposition = 'fact'
