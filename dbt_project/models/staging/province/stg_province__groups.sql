-- One row per group of agencies.
with source as (select * from {{ source('province', 'groups') }})

select
    group_code,
    {{ clean_text('name_vi') }} as name_vi,
    official_order,
    {{ clean_text('name_en') }} as name_en
from source
