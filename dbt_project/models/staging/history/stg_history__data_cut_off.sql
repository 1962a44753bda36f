-- One row per month that the earlier publication had.
with source as (select * from {{ source('history', 'data_cut_off') }})

select
    month,
    data_cut_off_at
from source
