-- One row: how much may be set aside before the gate stops a run.
with source as (select * from {{ source('province', 'quarantine_budget') }})

select
    rows_per_month,
    percent_of_agency_month
from source
