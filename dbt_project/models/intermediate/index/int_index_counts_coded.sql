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

relabelled as (
    select
        counts.*,
        {{ national_label('local_components', 'counts.component_written') }} as component_label
    from counts
    inner join extracts on counts.extract_id = extracts.extract_id
    {{ join_local_value('local_components', 'ThanhPhan', 'counts.component_written') }}
),

-- What no list has keeps its name if that can be a code: it is no figure of ours, and is counted as such.
labelled as (
    select
        relabelled.*,
        coalesce(known.code, {{ code_or_unlisted('relabelled.component_label') }}) as component
    from relabelled
    left join known on relabelled.component_label = known.source_label
)

{{ select_coded([
    ('component_label', 'known', 'code', none, 'ThanhPhan'),
]) }}
