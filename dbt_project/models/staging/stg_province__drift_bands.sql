-- One row per group of agencies: how far a month may lie from the months before it.
with source as (select * from {{ source('province', 'drift_bands') }})

select
    group_code,
    trailing_months,
    lowest_percent,
    highest_percent,
    smallest_mean
from source
