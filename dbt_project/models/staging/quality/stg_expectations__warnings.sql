-- One row per failing row of a warning of tonight's verdict, as a caveat.
with source as (select * from {{ source('expectations', 'warnings') }})

select
    warning_number,
    month,
    check_id,
    subject,
    source_id,
    entity,
    agency_code,
    agency_name_vi,
    caveat_json,
    text_vi
from source
