-- One row per source, entity, month and agency of the earlier publication: whether its feed was owed and came.
with source as (select * from {{ source('history', 'feeds') }})

select
    source_id,
    entity,
    month,
    agency_code,
    is_expected,
    is_delivered
from source
