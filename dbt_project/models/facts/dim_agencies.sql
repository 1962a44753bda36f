-- One row per agency and span of validity, and one for agencies that the province folder does not know.
with agencies as (select * from {{ ref('stg_province__agencies') }}),

groups as (select * from {{ ref('stg_province__groups') }}),

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
        true as is_known
    from agencies
    inner join groups on agencies.group_code = groups.group_code
),

unknown_member as (
    select
        'unknown' as agency_key,
        'unknown' as agency_code,
        'Chưa xác định' as name_vi,
        'Chưa xác định' as short_name_vi,
        'unknown' as group_code,
        'Chưa xác định' as group_name_vi,
        9999 as group_order,
        9999 as official_order,
        cast(null as {{ dbt.type_string() }}) as parent_code,
        cast(null as date) as valid_from,
        cast(null as date) as valid_to,
        false as is_known
)

select * from joined
union all
select * from unknown_member
