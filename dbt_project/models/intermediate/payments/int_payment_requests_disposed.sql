-- One row per landed row of an active payment_requests extract, with what becomes of it.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

requests as (select * from {{ ref('int_payment_requests_coded') }}),

statuses as (select * from {{ ref('ref_payment_statuses') }}),

methods as (select * from {{ ref('ref_payment_methods') }}),

collections as (select * from {{ ref('ref_collection_kinds') }}),

doubled as (
    {{ find_doubled_keys(
        'requests',
        ['payment_request_id'],
        fixed=['filing_id', 'source_agency_code'],
        once_known=['amount_vnd', 'phi_vnd', 'le_phi_vnd', 'requested_at', 'paid_at', 'refunded_at'],
    ) }}
),

limits as (select * from {{ ref('int_date_limits') }}),

agencies as (
    select
        agency_code,
        min(valid_from) as first_day
    from {{ ref('stg_province__agencies') }}
    group by agency_code
),

checked as (
    select
        extracts.source_id,
        extracts.file_month,
        extracts.month_means,
        extracts.arrival,
        requests.*,
        statuses.status_id,
        coalesce(statuses.is_paid, false) as is_paid_status,
        coalesce(statuses.is_refunded, false) as is_refunded_status,
        methods.method_id,
        collections.collection_id,
        case
            when requests.unparseable_columns is not null then 'unparseable'
            when requests.payment_request_id is null then 'missing_key'
            when not {{ is_well_formed_key('requests.payment_request_id', 80) }} then 'malformed_key'
            when requests.amount_vnd is null then 'missing_amount'
            when requests.amount_vnd < 0 then 'negative_amount'
            when
                coalesce(requests.phi_vnd, requests.le_phi_vnd) is not null
                and requests.amount_vnd <> coalesce(requests.phi_vnd, 0) + coalesce(requests.le_phi_vnd, 0)
                then 'amount_is_not_phi_plus_le_phi'
            when statuses.status_id is null then 'unknown_status'
            when requests.method_label is not null and methods.method_id is null then 'unknown_method'
            when requests.collection_label is not null and collections.collection_id is null
                then 'unknown_collection_kind'
            when statuses.is_paid and requests.paid_at is null then 'paid_without_date'
            when statuses.is_refunded and requests.refunded_at is null then 'refunded_without_date'
            {{ impossible_dates(
                'requests', {'requested': 'requested_at', 'paid': 'paid_at', 'refunded': 'refunded_at'}
            ) }}
            when coalesce(requests.paid_at, requests.requested_at) < agencies.first_day then 'before_agency'
            when
                {{ is_too_far_before(
                    'requests.refunded_at', 'requests.paid_at', 'limits.refunded_before_paid_hours'
                ) }}
                then 'refunded_before_paid'
            when
                {{ is_too_far_before(
                    'requests.paid_at', 'requests.requested_at', 'limits.requested_after_paid_hours'
                ) }}
                then 'paid_before_requested'
            when
                extracts.month_means = 'received'
                and date_trunc('month', coalesce(requests.requested_at, requests.paid_at)) <> extracts.file_month
                then 'requested_outside_month'
            when doubled.extract_id is not null then 'doubled_key'
            -- A file of changes does not know of a request that was made after its month.
            when requests.requested_at >= limits.next_month then 'requested_after_month'
        end as quarantine_reason,
        {{ listed_defects({
            'no_date_marker': 'requests.no_date_columns is not null',
            'unlisted_code': is_unlisted('requests', ['source_agency_code', 'transaction_id', 'bank_code']),
            'paid_before_requested': is_before('requests.paid_at', 'requests.requested_at'),
            'paid_long_after_requested': is_days_after(
                'requests.paid_at', 'requests.requested_at', 'limits.paid_after_requested_days'
            ),
            'refunded_before_paid': is_before('requests.refunded_at', 'requests.paid_at'),
            'before_the_feed': 'coalesce(requests.paid_at, requests.requested_at) < limits.feed_first_day',
        }) }} as defect
    from requests
    inner join extracts on requests.extract_id = extracts.extract_id
    left join limits on requests.extract_id = limits.extract_id
    left join agencies on requests.source_agency_code = agencies.agency_code
    left join statuses on requests.status_label = statuses.source_label
    left join methods on requests.method_label = methods.source_label
    left join collections on requests.collection_label = collections.source_label
    left join doubled
        on
            requests.extract_id = doubled.extract_id
            and requests.payment_request_id = doubled.payment_request_id
)

{{ select_disposed('checked', ['source_id', 'payment_request_id']) }}
