-- One row: the province.
with source as (select * from {{ source('province', 'province') }})

select
    province_code,
    {{ clean_text('name_vi') }} as name_vi,
    name_en,
    first_day
from source
