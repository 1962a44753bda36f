-- One row per closed month, mart and place: its frozen rows as JSON, and at place 0 the mart itself, frozen with no row or many.
with source as (select * from {{ source('closed', 'mart_rows') }})

select
    month,
    revision,
    mart,
    place,
    row_json
from source
