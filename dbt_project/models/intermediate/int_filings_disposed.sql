-- One row per landed row of an active filings extract, with what becomes of it.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

filings as (select * from {{ ref('stg_one_stop__filings') }}),

statuses as (select * from {{ ref('ref_filing_statuses') }}),

channels as (select * from {{ ref('ref_channels') }}),

levels as (select distinct level_code from {{ ref('ref_service_levels') }}),

checked as (
    select
        extracts.source_id,
        extracts.file_month,
        extracts.month_means,
        extracts.arrival,
        filings.*,
        coalesce(statuses.is_received, false) as is_received_status,
        case
            when filings.unparseable_columns is not null then 'unparseable'
            when filings.filing_id is null then 'missing_key'
            when statuses.status_code is null then 'unknown_status'
            when filings.channel_code is not null and channels.channel_code is null then 'unknown_channel'
            when filings.level_code is not null and levels.level_code is null then 'unknown_level'
            when statuses.is_received and filings.received_at is null then 'missing_received_date'
            when
                extracts.month_means = 'received'
                and date_trunc('month', coalesce(filings.received_at, filings.submitted_at)) <> extracts.file_month
                then 'received_outside_month'
        end as quarantine_reason
    from filings
    inner join extracts on filings.extract_id = extracts.extract_id
    left join statuses on filings.status_code = statuses.status_code
    left join channels on filings.channel_code = channels.channel_code
    left join levels on filings.level_code = levels.level_code
)

{{ select_disposed('checked', ['source_id', 'filing_id']) }}
