-- One row per feed that is owed: source, entity, agency (or * for all), and by which working day of the month after.
with source as (select * from {{ source('province', 'expected_feeds') }})

select
    source_id,
    entity,
    agency_code,
    due_working_day,
    valid_from,
    valid_to,
    is_for_all
from source
