-- One row per source and refused file of it: none wanted, one found; of a source without one a row that says none.
with refused as (select * from {{ ref('int_refused_files') }}),

sources as (
    select distinct source_id from {{ ref('stg_province__source_agencies') }}
)

-- A night without a refused file has looked, too: an empty table would say nothing.
select
    coalesce(refused.source_id, sources.source_id) as source_id,
    coalesce(refused.refusal_number, 0) as refusal_number,
    refused.entity,
    refused.file_month,
    refused.file_name,
    refused.agency_code,
    refused.agency_name_vi,
    cast(0 as bigint) as wanted_refusals,
    cast(case when refused.refusal_number is null then 0 else 1 end as bigint) as refusals
from sources
full outer join refused on sources.source_id = refused.source_id
order by 1, 2
