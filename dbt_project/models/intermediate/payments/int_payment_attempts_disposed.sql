-- One row per landed row of an active payment_attempts extract, with what becomes of it.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

attempts as (select * from {{ ref('int_payment_attempts_coded') }}),

statuses as (select * from {{ ref('ref_attempt_statuses') }}),

doubled as (
    {{ find_doubled_keys(
        'attempts',
        ['payment_attempt_id'],
        fixed=[
            'payment_request_id', 'filing_id', 'status_label', 'error_code', 'amount_vnd', 'attempted_at',
            'transaction_id', 'bank_code',
        ],
    ) }}
),

limits as (select * from {{ ref('int_date_limits') }}),

-- The day on which each request was made, as its newest sound row says.
requests as (
    select
        source_id,
        payment_request_id,
        cast(requested_at as date) as requested_on
    from {{ ref('int_payment_requests_disposed') }}
    where disposition = 'fact'
),

checked as (
    select
        extracts.source_id,
        extracts.file_month,
        extracts.month_means,
        extracts.arrival,
        attempts.*,
        statuses.status_id,
        case
            when attempts.unparseable_columns is not null then 'unparseable'
            when attempts.payment_attempt_id is null then 'missing_key'
            when not {{ is_well_formed_key('attempts.payment_attempt_id', 80) }} then 'malformed_key'
            when attempts.amount_vnd is null then 'missing_amount'
            when attempts.amount_vnd < 0 then 'negative_amount'
            when statuses.status_id is null then 'unknown_status'
            when attempts.attempted_at is null then 'missing_date'
            when attempts.attempted_at < limits.first_day then 'attempted_before_first_day'
            when cast(attempts.attempted_at as date) > cast(extracts.fetched_at as date) then 'attempted_in_the_future'
            when
                {{ is_days_after(
                    'requests.requested_on', 'attempts.attempted_at', 'limits.attempted_before_requested_days'
                ) }}
                then 'attempted_before_requested'
            when
                extracts.month_means = 'received'
                and date_trunc('month', attempts.attempted_at) <> extracts.file_month
                then 'attempted_outside_month'
            when doubled.extract_id is not null then 'doubled_key'
            when attempts.attempted_at >= limits.next_month then 'attempted_after_month'
        end as quarantine_reason,
        {{ listed_defects({
            'no_date_marker': 'attempts.no_date_columns is not null',
            'unlisted_code': is_unlisted('attempts', ['error_code', 'transaction_id', 'bank_code']),
            'attempted_before_requested': 'cast(attempts.attempted_at as date) < requests.requested_on',
            'before_the_feed': 'attempts.attempted_at < limits.feed_first_day',
        }) }} as defect
    from attempts
    inner join extracts on attempts.extract_id = extracts.extract_id
    left join limits on attempts.extract_id = limits.extract_id
    left join requests
        on
            extracts.source_id = requests.source_id
            and attempts.payment_request_id = requests.payment_request_id
    left join statuses on attempts.status_label = statuses.source_label
    left join doubled
        on
            attempts.extract_id = doubled.extract_id
            and attempts.payment_attempt_id = doubled.payment_attempt_id
)

{{ select_disposed('checked', ['source_id', 'payment_attempt_id']) }}
