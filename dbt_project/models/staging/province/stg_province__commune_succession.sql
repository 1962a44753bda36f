-- One row per commune of the old structure: the one that all of it went to.
with source as (select * from {{ source('province', 'commune_succession') }})

select
    old_commune_code,
    {{ clean_text('old_commune_vi') }} as old_name_vi,
    old_district_code,
    {{ clean_text('old_district_vi') }} as old_district_name_vi,
    new_commune_code,
    {{ clean_text('new_commune_vi') }} as new_name_vi,
    portal_unit_code
from source
