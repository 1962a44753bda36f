-- One row per month: the services in force on the month's last day.
with procedures as (
    select * from {{ ref('dim_procedures') }}
    where is_known
),

levels as (
    select distinct level_code from {{ ref('ref_service_levels') }}
    where is_online_service
),

months as (
    select distinct month from {{ ref('mart_online_rates') }}
),

catalogues as (
    select distinct
        source_id,
        file_month
    from {{ ref('stg_landing__extracts') }}
    where entity = 'procedures' and left_out is null
),

refused as (
    select * from {{ ref('int_refused_files') }}
    where entity = 'procedures' and consequence in ('missing', 'supplement')
),

calendar as (
    select * from {{ ref('stg_province__expected_feeds') }}
    where entity = 'procedures'
),

-- Only the calendar says that a catalogue is owed: a source sends what changed, and without changes there is no file.
absent as (
    select
        months.month as file_month,
        calendar.source_id
    from months
    inner join calendar
        on months.month between calendar.valid_from and coalesce(calendar.valid_to, cast('9999-12-31' as date))
    left join catalogues on months.month = catalogues.file_month and calendar.source_id = catalogues.source_id
    where catalogues.source_id is null
    -- Nor is one whole of which a file was refused.
    union distinct
    select
        file_month,
        source_id
    from refused
),

-- A catalogue is sent as changes: what one file lacks is lacking in every month after it, until it comes.
caveats as (
    select
        months.month,
        {{ json_list(
            json_record({'source_id': 'absent.source_id', 'month': 'absent.file_month'}), 'absent.source_id, absent.file_month'
        ) }} as files_json
    from months
    inner join absent on months.month >= absent.file_month
    group by months.month
),

in_force as (
    select
        months.month,
        procedures.procedure_code,
        procedures.level_code,
        coalesce(procedures.is_connected, false) as is_connected,
        levels.level_code is not null as is_online_service
    from months
    inner join procedures
        on
            procedures.valid_from <= {{ dbt.last_day('months.month', 'month') }}
            and (procedures.valid_to is null or procedures.valid_to >= {{ dbt.last_day('months.month', 'month') }})
    left join levels on procedures.level_code = levels.level_code
),

counted as (
    select
        month,
        count(*) as services_total,
        sum(case when level_code = '3' then 1 else 0 end) as services_level_3,
        sum(case when level_code = '4' then 1 else 0 end) as services_level_4,
        sum(case when is_online_service then 0 else 1 end) as services_other_level,
        sum(case when is_online_service then 1 else 0 end) as online_services,
        sum(case when is_online_service and is_connected then 1 else 0 end) as connected_services,
        sum(case when is_online_service and not is_connected then 1 else 0 end) as not_connected_services
    from in_force
    group by month
),

-- A month before the first known service has no catalogue: NULL, not 0.
computed as (
    select
        months.month,
        cast(counted.services_total as bigint) as services_total,
        cast(counted.services_level_3 as bigint) as services_level_3,
        cast(counted.services_level_4 as bigint) as services_level_4,
        cast(counted.services_other_level as bigint) as services_other_level,
        cast(counted.online_services as bigint) as online_services,
        cast(100.0 * counted.online_services / nullif(counted.services_total, 0) as double) as online_share_percent,
        cast(counted.connected_services as bigint) as connected_services,
        cast(counted.not_connected_services as bigint) as not_connected_services,
        cast(
            100.0 * counted.connected_services / nullif(counted.online_services, 0) as double
        ) as connected_share_percent,
        case
            when caveats.files_json is not null
                then
                    {{ json_line([
                        json_record({'id': "'missing_catalogue'", 'files': json_value('caveats.files_json')})
                    ]) }}
        end as caveats_json
    from months
    left join counted on months.month = counted.month
    left join caveats on months.month = caveats.month
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month
