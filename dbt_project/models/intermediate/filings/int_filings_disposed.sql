-- One row per landed row of an active filings extract, with what becomes of it.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

filings as (select * from {{ ref('int_filings_coded') }}),

statuses as (select * from {{ ref('ref_filing_statuses') }}),

channels as (select * from {{ ref('ref_channels') }}),

limits as (select * from {{ ref('int_date_limits') }}),

agencies as (
    select
        agency_code,
        min(valid_from) as first_day
    from {{ ref('stg_province__agencies') }}
    group by agency_code
),

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
            {{ impossible_dates(
                'filings',
                {
                    'submitted': 'submitted_at', 'received': 'received_at', 'finished': 'finished_at',
                    'returned': 'returned_at',
                },
                plans={'due': 'due_at'},
            ) }}
            when coalesce(filings.received_at, filings.submitted_at) < agencies.first_day then 'before_agency'
            when
                {{ is_too_far_before(
                    'filings.finished_at', 'filings.received_at', 'limits.finished_before_received_hours'
                ) }}
                then 'finished_before_received'
            when {{ is_before('filings.returned_at', 'filings.received_at') }} then 'returned_before_received'
            when
                statuses.is_received
                and {{ is_too_far_before(
                    'filings.returned_at', 'filings.finished_at', 'limits.returned_before_finished_hours'
                ) }}
                then 'returned_before_finished'
            when
                statuses.is_received
                and {{ is_too_far_before(
                    'filings.received_at', 'filings.submitted_at', 'limits.submitted_after_received_hours'
                ) }}
                then 'received_before_submitted'
            -- Form II.06a compares days.
            when statuses.is_received and cast(filings.due_at as date) < cast(filings.received_at as date)
                then 'due_before_received'
            when
                statuses.is_received
                and {{ is_days_after('filings.due_at', 'filings.received_at', 'limits.due_after_received_days') }}
                then 'due_too_late'
            when
                extracts.month_means = 'received'
                and date_trunc('month', coalesce(filings.received_at, filings.submitted_at)) <> extracts.file_month
                then 'received_outside_month'
            when doubled.extract_id is not null then 'doubled_key'
            -- A file of changes does not know of what came after its month.
            when coalesce(filings.received_at, filings.submitted_at) >= limits.next_month then 'received_after_month'
        end as quarantine_reason,
        -- What the row's own system counts as its errors (domain notes §1, trap 3), and what is no reason to leave a
        -- received filing out of a count: it stays a fact, and is counted as a defect. One may have both.
        {{ listed_defects({
            'finished_without_date': 'filings.status_code in (9, 10) and filings.finished_at is null',
            'level_2_filed_online': "filings.channel_code = 2 and filings.level_code in ('1', '2')",
            'no_date_marker': 'filings.no_date_columns is not null',
            'unlisted_code': is_unlisted('filings', ['procedure_code', 'field_code', 'source_agency_code']),
            'received_before_submitted': is_before('filings.received_at', 'filings.submitted_at'),
            'finished_before_received': is_before('filings.finished_at', 'filings.received_at'),
            'returned_before_finished': is_before('filings.returned_at', 'filings.finished_at'),
            'before_the_feed': 'coalesce(filings.received_at, filings.submitted_at) < limits.feed_first_day',
        }) }} as defect
    from filings
    inner join extracts on filings.extract_id = extracts.extract_id
    left join limits on filings.extract_id = limits.extract_id
    left join agencies on filings.source_agency_code = agencies.agency_code
    left join statuses on filings.status_code = statuses.status_code
    left join channels on filings.channel_code = channels.channel_code
    left join levels on filings.level_code = levels.level_code
    left join doubled
        on
            filings.extract_id = doubled.extract_id
            and filings.filing_id = doubled.filing_id
)

{{ select_disposed('checked', ['source_id', 'filing_id']) }}
