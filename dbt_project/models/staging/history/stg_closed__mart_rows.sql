-- One row per closed month, mart and place: the frozen rows as JSON, and at place 0 the mart itself.
with source as (select * from {{ source('closed', 'mart_rows') }})

select
    month,
    revision,
    mart,
    place,
    row_json
from source
