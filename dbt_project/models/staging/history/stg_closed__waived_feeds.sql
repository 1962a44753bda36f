-- One row per month, revision and feed that was missing when the month was closed, and was waived by name.
with source as (select * from {{ source('closed', 'waived_feeds') }})

select
    month,
    revision,
    source_id,
    entity,
    agency_code,
    agency_name_vi,
    waived_by,
    reason,
    cast(waived_on as date) as waived_on
from source
