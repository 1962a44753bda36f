-- One row per source, entity, event, file month, own month, agency and place: how many facts stand there, in words.
with placed as (select * from {{ ref('fct_placed_facts') }}),

places as (select * from {{ ref('ref_fact_places') }}),

agencies as (
    {{ select_newest_agencies() }}
)

select
    placed.source_id,
    placed.entity,
    placed.event_kind,
    placed.file_month,
    placed.month,
    placed.agency_code,
    agencies.name_vi as agency_name_vi,
    placed.place,
    places.is_in_month,
    places.name_vi as place_name_vi,
    places.name_en as place_name_en,
    placed.row_count
from placed
inner join places on placed.place = places.place
left join agencies on placed.agency_code = agencies.agency_code
order by
    placed.source_id, placed.entity, placed.event_kind, placed.file_month, placed.month, placed.agency_code,
    places.official_order
