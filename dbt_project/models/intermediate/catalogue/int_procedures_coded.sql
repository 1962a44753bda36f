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

{{ select_coded([
    ('level_label', 'service_level_labels', 'level_code', 'level_code', 'MucDo'),
    ('has_fee_label', 'flag_labels', 'flag', 'has_fee', 'CoThuPhi'),
    ('is_connected_label', 'flag_labels', 'flag', 'is_connected', 'DaTichHopDVCQG'),
]) }}
