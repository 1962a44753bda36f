-- One row per landed row of an active procedures extract, with its coded values as the national lists have them.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

procedures as (select * from {{ ref('stg_one_stop__procedures') }}),

local_values as (
    select * from {{ ref('int_source_values') }}
    where entity = 'procedures'
),

service_level_labels as (select * from {{ ref('ref_service_level_labels') }}),

flag_labels as (select * from {{ ref('ref_flag_labels') }}),

labelled as (
    select
        procedures.*,
        {{ national_label('local_levels', 'procedures.level_written') }} as level_label,
        {{ national_label('local_fees', 'procedures.has_fee_written') }} as has_fee_label,
        {{ national_label('local_connections', 'procedures.is_connected_written') }} as is_connected_label
    from procedures
    inner join extracts on procedures.extract_id = extracts.extract_id
    {{ join_local_value('local_levels', 'MucDo', 'procedures.level_written') }}
    {{ join_local_value('local_fees', 'CoThuPhi', 'procedures.has_fee_written') }}
    {{ join_local_value('local_connections', 'DaTichHopDVCQG', 'procedures.is_connected_written') }}
)

select
    labelled.*,
    levels.level_code,
    fees.flag as has_fee,
    connections.flag as is_connected,
    {{ unparseable_columns([
        ['labelled.level_label', 'levels.level_code', 'MucDo'],
        ['labelled.has_fee_label', 'fees.flag', 'CoThuPhi'],
        ['labelled.is_connected_label', 'connections.flag', 'DaTichHopDVCQG'],
    ]) }} as unmapped_columns
from labelled
left join service_level_labels as levels on labelled.level_label = levels.source_label
left join flag_labels as fees on labelled.has_fee_label = fees.source_label
left join flag_labels as connections on labelled.is_connected_label = connections.source_label
