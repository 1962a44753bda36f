-- One row per landed row of an active reported_figures extract, with its figure as the national list has it.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

reported as (select * from {{ ref('stg_one_stop__reported_figures') }}),

local_values as (
    select * from {{ ref('int_source_values') }}
    where entity = 'reported_figures'
),

known as (
    select
        source_label,
        indicator as code
    from {{ ref('ref_reported_indicator_labels') }}
),

{{ select_coded_by_open_list('reported', 'indicator', column='ChiTieu') }}
