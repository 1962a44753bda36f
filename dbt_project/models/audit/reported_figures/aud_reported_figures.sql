-- One row per agency, month and indicator that an agency reported itself: its figure beside what its records say.
{% set recorded = [
    ('ho_so_tiep_nhan', 'filings', 'received_month', 'is_received', 'count(*)'),
    ('ho_so_truc_tuyen', 'filings', 'received_month', 'is_received and is_online', 'count(*)'),
    ('giao_dich_thanh_toan', 'payments', 'paid_month', 'is_online_payment', 'count(*)'),
    ('so_tien_thanh_toan', 'payments', 'paid_month', 'is_online_payment', 'sum(amount_vnd)'),
    ('giao_dich_hoan_phi', 'payments', 'refunded_month', 'is_online_payment and is_refunded', 'count(*)'),
    ('so_tien_hoan_phi', 'payments', 'refunded_month', 'is_online_payment and is_refunded', 'sum(amount_vnd)'),
] -%}
with figures as (select * from {{ ref('fct_reported_figures') }}),

indicators as (select * from {{ ref('ref_reported_indicators') }}),

filings as (select * from {{ ref('fct_filings') }}),

payments as (select * from {{ ref('fct_payments') }}),

reported as (
    select
        figures.*,
        indicators.entity
    from figures
    inner join indicators on figures.indicator = indicators.indicator
),

agencies as (
    {{ select_newest_agencies() }}
),

-- Where the records did not come there is nothing to compare: aud_feeds says so, and 0 would be a lie.
missing as (
    select
        entity,
        month,
        agency_code
    from {{ ref('fct_feed_deliveries') }}
    group by entity, month, agency_code
    having not ({{ is_month_complete() }})
),

-- A source that has records of its own answers for them; figures from one that has none are those of all sources.
sources_of_records as (
    select distinct
        'filings' as entity,
        source_id
    from filings
    where is_received
    union distinct
    select distinct
        'payment_requests' as entity,
        source_id
    from payments
),

-- By the code as the source wrote it: the agency reports what it wrote, also on a day on which the folder knows it not.
recorded as (
    {% for indicator, relation, month, condition, value in recorded -%}
    select
        '{{ indicator }}' as indicator,
        source_id,
        source_agency_code,
        {{ month }} as month,
        {{ value }} as recorded_value
    from {{ relation }}
    where {{ condition }}
    group by source_id, source_agency_code, {{ month }}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

-- By the source, and with none named those of all sources.
recorded_by_source as (
    select
        indicator,
        source_id,
        source_agency_code,
        month,
        recorded_value
    from recorded
    union all
    select
        indicator,
        cast(null as {{ dbt.type_string() }}) as source_id,
        source_agency_code,
        month,
        sum(recorded_value) as recorded_value
    from recorded
    group by indicator, source_agency_code, month
),

summed as (
    select
        reported.source_id,
        reported.entity,
        reported.month,
        reported.source_agency_code,
        reported.indicator,
        reported.reported_value,
        sum(recorded_by_source.recorded_value) as recorded_value
    from reported
    left join sources_of_records
        on reported.entity = sources_of_records.entity and reported.source_id = sources_of_records.source_id
    left join recorded_by_source
        on
            reported.indicator = recorded_by_source.indicator
            and reported.source_agency_code = recorded_by_source.source_agency_code
            and reported.month = recorded_by_source.month
            and sources_of_records.source_id is not distinct from recorded_by_source.source_id
    group by
        reported.source_id, reported.entity, reported.month, reported.source_agency_code, reported.indicator,
        reported.reported_value
)

select
    summed.source_id,
    summed.month,
    summed.source_agency_code,
    agencies.name_vi as agency_name_vi,
    summed.indicator,
    summed.reported_value,
    cast(coalesce(summed.recorded_value, 0) as bigint) as recorded_value
from summed
left join agencies on summed.source_agency_code = agencies.agency_code
left join missing
    on
        summed.entity = missing.entity
        and summed.month = missing.month
        and summed.source_agency_code = missing.agency_code
where missing.agency_code is null
order by summed.source_id, summed.month, summed.source_agency_code, summed.indicator
