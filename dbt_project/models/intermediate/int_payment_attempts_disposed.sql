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
            when cast(attempts.attempted_at as date) > cast(extracts.fetched_at as date) then 'attempted_in_the_future'
            when
                extracts.month_means = 'received'
                and date_trunc('month', attempts.attempted_at) <> extracts.file_month
                then 'attempted_outside_month'
            when doubled.extract_id is not null then 'doubled_key'
        end as quarantine_reason
    from attempts
    inner join extracts on attempts.extract_id = extracts.extract_id
    left join statuses on attempts.status_label = statuses.source_label
    left join doubled
        on
            attempts.extract_id = doubled.extract_id
            and attempts.payment_attempt_id = doubled.payment_attempt_id
)

{{ select_disposed('checked', ['source_id', 'payment_attempt_id']) }}
