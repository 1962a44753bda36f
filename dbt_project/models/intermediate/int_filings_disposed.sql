-- One row per landed row of an active filings extract, with what becomes of it.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

filings as (select * from {{ ref('int_filings_coded') }}),

statuses as (select * from {{ ref('ref_filing_statuses') }}),

channels as (select * from {{ ref('ref_channels') }}),

levels as (select distinct level_code from {{ ref('ref_service_levels') }}),

doubled as (
    {{ find_doubled_keys(
        'filings',
        ['filing_id'],
        fixed=['procedure_code', 'source_agency_code'],
        once_known=['submitted_at', 'received_at', 'channel_code', 'field_code', 'applicant_kind'],
    ) }}
),

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
            when not {{ is_well_formed_key('filings.filing_id', 50) }} then 'malformed_key'
            -- Its agency's code alone: a prefix that was cut off.
            when filings.filing_id = filings.source_agency_code then 'malformed_key'
            when statuses.status_code is null then 'unknown_status'
            when
                {{ is_unmapped('filings.unmapped_columns', 'KenhThucHien') }}
                or (filings.channel_code is not null and channels.channel_code is null)
                then 'unknown_channel'
            when
                {{ is_unmapped('filings.unmapped_columns', 'MucDo') }}
                or (filings.level_code is not null and levels.level_code is null)
                then 'unknown_level'
            -- A filing that waits for papers (status 5) may not have been received yet.
            when statuses.is_received and filings.status_code <> 5 and filings.received_at is null
                then 'missing_received_date'
            when filings.received_at > extracts.fetched_at then 'received_in_the_future'
            when filings.finished_at > extracts.fetched_at then 'finished_in_the_future'
            when {{ is_before('filings.finished_at', 'filings.received_at') }} then 'finished_before_received'
            when
                extracts.month_means = 'received'
                and date_trunc('month', coalesce(filings.received_at, filings.submitted_at)) <> extracts.file_month
                then 'received_outside_month'
            when doubled.extract_id is not null then 'doubled_key'
        end as quarantine_reason,
        -- What the row's own system counts as its errors (domain notes §1, trap 3), and what is no reason to leave a
        -- received filing out of a count: it stays a fact, and is counted as a defect. One may have both.
        nullif(
            concat_ws(
                ', ',
                case
                    when filings.status_code in (9, 10) and filings.finished_at is null then 'finished_without_date'
                end,
                case when filings.channel_code = 2 and filings.level_code in ('1', '2') then 'level_2_filed_online' end
            ),
            ''
        ) as defect
    from filings
    inner join extracts on filings.extract_id = extracts.extract_id
    left join statuses on filings.status_code = statuses.status_code
    left join channels on filings.channel_code = channels.channel_code
    left join levels on filings.level_code = levels.level_code
    left join doubled
        on
            filings.extract_id = doubled.extract_id
            and filings.filing_id = doubled.filing_id
)

{{ select_disposed('checked', ['source_id', 'filing_id']) }}
