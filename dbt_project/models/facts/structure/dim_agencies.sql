-- One row per agency and span of validity, one for agencies that the province folder does not know, and one for what an
-- ended agency left to nobody in particular.
with agencies as (select * from {{ ref('stg_province__agencies') }}),

groups as (select * from {{ ref('stg_province__groups') }}),

stand_ins as (select * from {{ ref('ref_stand_in_names') }}),

joined as (
    select
        agencies.agency_code || '@' || agencies.valid_from as agency_key,
        agencies.agency_code,
        agencies.name_vi,
        agencies.short_name_vi,
        agencies.group_code,
        groups.name_vi as group_name_vi,
        groups.official_order as group_order,
        agencies.official_order,
        agencies.parent_code,
        agencies.valid_from,
        agencies.valid_to,
        true as is_known,
        -- A name that the folder does not give in English is shown as it is.
        coalesce(agencies.name_en, agencies.name_vi) as name_en,
        groups.name_en as group_name_en
    from agencies
    inner join groups on agencies.group_code = groups.group_code
),

unknown_member as (
    select
        'unknown' as agency_key,
        'unknown' as agency_code,
        name_vi,
        name_vi as short_name_vi,
        'unknown' as group_code,
        name_vi as group_name_vi,
        9999 as group_order,
        9999 as official_order,
        cast(null as {{ dbt.type_string() }}) as parent_code,
        cast(null as date) as valid_from,
        cast(null as date) as valid_to,
        false as is_known,
        name_en,
        name_en as group_name_en
    from stand_ins
    where stand_in = 'unknown_agency'
),

-- Where a split has no rule, or nobody took over: the member of a restatement to another structure. No record is ever
-- filed with it.
unallocated_member as (
    select
        'unallocated' as agency_key,
        'unallocated' as agency_code,
        name_vi,
        name_vi as short_name_vi,
        'unallocated' as group_code,
        name_vi as group_name_vi,
        9998 as group_order,
        9998 as official_order,
        cast(null as {{ dbt.type_string() }}) as parent_code,
        cast(null as date) as valid_from,
        cast(null as date) as valid_to,
        false as is_known,
        name_en,
        name_en as group_name_en
    from stand_ins
    where stand_in = 'unallocated_agency'
)

select * from joined
union all
select * from unknown_member
union all
select * from unallocated_member
