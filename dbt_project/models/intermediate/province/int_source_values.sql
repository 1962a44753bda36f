-- One row per source, entity, column and spelling that the province folder maps: the national value it stands for.
with extracts as (select distinct source_id from {{ ref('stg_landing__extracts') }}),

value_map as (select * from {{ ref('stg_province__value_map') }})

-- A line for one source goes before the one for all.
select
    extracts.source_id,
    value_map.entity,
    value_map.column_name,
    value_map.written,
    value_map.national_label
from value_map
inner join extracts on value_map.source_id in ('*', extracts.source_id)
qualify
    {{ latest_by(
        ['extracts.source_id', 'value_map.entity', 'value_map.column_name', 'value_map.written'],
        "case when value_map.source_id = '*' then 1 else 0 end"
    ) }}
