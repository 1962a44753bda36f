-- One row per filing (hồ sơ), in its newest sound state.
with disposed as (select * from {{ ref('int_filings_disposed') }}),

agencies as (select * from {{ ref('dim_agencies') }}),

procedures as (select * from {{ ref('dim_procedures') }}),

levels as (
    select distinct level_code from {{ ref('ref_service_levels') }}
    where is_online_service
),

current_filings as (
    select
        *,
        cast(coalesce(received_at, submitted_at) as date) as reference_day
    from disposed
    where disposition = 'fact'
)

select
    filings.source_id,
    filings.filing_id,
    coalesce(agencies.agency_key, 'unknown') as agency_key,
    coalesce(agencies.agency_code, 'unknown') as agency_code,
    filings.source_agency_code,
    filings.handling_unit_vi,
    coalesce(procedures.procedure_key, 'unknown') as procedure_key,
    filings.procedure_code as source_procedure_code,
    filings.field_code,
    filings.field_name_vi,
    -- An empty channel was filed at the counter (national formula 3.3, domain notes §1); the assumption stays visible.
    cast(coalesce(filings.channel_code, 1) as integer) as channel_code,
    filings.channel_code is null as is_channel_assumed,
    coalesce(filings.channel_code, 1) = 2 as is_online,
    filings.level_code,
    levels.level_code is not null as is_online_service_level,
    cast(filings.status_code as integer) as status_code,
    filings.is_received_status and filings.received_at is not null as is_received,
    cast(
        case when filings.is_received_status then date_trunc('month', filings.received_at) end as date
    ) as received_month,
    filings.defect,
    filings.applicant_kind,
    filings.submitted_at,
    filings.received_at,
    filings.due_at,
    filings.finished_at,
    filings.returned_at,
    filings.extract_id,
    filings.row_number
from current_filings as filings
left join agencies
    on
        filings.source_agency_code = agencies.agency_code
        and filings.reference_day between agencies.valid_from and coalesce(
            agencies.valid_to, cast('9999-12-31' as date)
        )
left join procedures
    on
        filings.procedure_code = procedures.procedure_code
        and filings.reference_day between procedures.valid_from and coalesce(
            procedures.valid_to, cast('9999-12-31' as date)
        )
left join levels on filings.level_code = levels.level_code
