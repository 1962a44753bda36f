-- One row per entity, measure, scope, group and basis: how far a month may lie from what it is held against.
with source as (select * from {{ source('province', 'drift_bands') }})

select
    entity,
    measure,
    scope,
    group_code,
    basis,
    trailing_months,
    lowest_percent,
    highest_percent,
    smallest_rows
from source
