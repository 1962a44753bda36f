-- One row per source, month and component code of the index counts: its rows, and those that the index can read.
with counts as (select * from {{ ref('fct_index_counts') }}),

known_codes as (select * from {{ ref('ref_index_count_components') }}),

agencies as (
    select distinct
        agency_code,
        group_code
    from {{ ref('dim_agencies') }}
    where is_known
),

province as (select * from {{ ref('stg_province__province') }}),

-- A count may be an agency's, or a distinct count that a group or the province sends for itself.
known_entities as (
    select agency_code as entity_code from agencies
    union distinct
    select group_code as entity_code from agencies
    union distinct
    select province_code as entity_code from province
)

select
    counts.source_id,
    counts.month,
    counts.component as source_component,
    known_codes.component_id,
    count(*) as row_count,
    cast(count(known_codes.component_id) as bigint) as rows_of_known_component,
    cast(count(known_entities.entity_code) as bigint) as rows_of_known_entity,
    cast(count(case when counts.numerator <= counts.denominator then 1 end) as bigint) as rows_within_whole
from counts
left join known_codes on counts.component = known_codes.source_component
left join known_entities on counts.source_agency_code = known_entities.entity_code
group by counts.source_id, counts.month, counts.component, known_codes.component_id
order by counts.source_id, counts.month, counts.component
