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

relabelled as (
    select
        reported.*,
        {{ national_label('local_indicators', 'reported.indicator_written') }} as indicator_label
    from reported
    inner join extracts on reported.extract_id = extracts.extract_id
    {{ join_local_value('local_indicators', 'ChiTieu', 'reported.indicator_written') }}
),

-- What no list has keeps its name if that can be a code: it is no figure of ours, and is counted as such.
labelled as (
    select
        relabelled.*,
        coalesce(known.code, {{ code_or_unlisted('relabelled.indicator_label') }}) as indicator
    from relabelled
    left join known on relabelled.indicator_label = known.source_label
)

{{ select_coded([
    ('indicator_label', 'known', 'code', none, 'ChiTieu'),
]) }}
