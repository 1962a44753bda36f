-- One row per value of a source, as the province folder's values.csv maps it.
with source as (select * from {{ source('province', 'value_map') }}),

cleaned as (
    select
        source_id,
        entity,
        column_name,
        {{ clean_text('source_value') }} as source_value,
        nullif({{ clean_text('national_value') }}, 'not_given') as national_value
    from source
)

select
    source_id,
    entity,
    column_name,
    {{ match_label('source_value') }} as written,
    {{ match_label('national_value') }} as national_label
from cleaned
