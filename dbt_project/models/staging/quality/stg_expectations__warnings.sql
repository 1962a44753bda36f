-- One row per failing row of a warning of tonight's verdict, in the words in which people are mailed.
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
    text_vi,
    text_en
from source
