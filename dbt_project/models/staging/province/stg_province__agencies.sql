-- One row per agency and span of validity.
with source as (select * from {{ source('province', 'agencies') }})

select
    agency_code,
    {{ clean_text('name_vi') }} as name_vi,
    {{ clean_text('short_name_vi') }} as short_name_vi,
    group_code,
    official_order,
    parent_code,
    valid_from,
    valid_to,
    {{ clean_text('name_en') }} as name_en
from source
