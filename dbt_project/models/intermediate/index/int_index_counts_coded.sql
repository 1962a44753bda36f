-- One row per landed row of an active index_counts extract, with its component as the national list has it.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

counts as (select * from {{ ref('stg_one_stop__index_counts') }}),

local_values as (
    select * from {{ ref('int_source_values') }}
    where entity = 'index_counts'
),

known as (
    select
        source_component as source_label,
        source_component as code
    from {{ ref('ref_index_count_components') }}
),

{{ select_coded_by_open_list('counts', 'component', column='ThanhPhan') }}
