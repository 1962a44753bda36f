-- One row per extract in landing and agency of which its control file states the rows.
with source as (select * from {{ source('landing', 'agency_controls') }})

select
    extract_id,
    agency_code,
    stated_rows
from source
