-- One row per landed row of an active index_counts extract, with what becomes of it.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

counts as (select * from {{ ref('int_index_counts_coded') }}),

doubled as (
    {{ find_doubled_keys(
        'counts',
        ['source_agency_code', 'month', 'component'],
        fixed=['numerator', 'denominator'],
    ) }}
),

limits as (select * from {{ ref('int_date_limits') }}),

agencies as (
    select
        agency_code,
        cast(date_trunc('month', min(valid_from)) as date) as first_month
    from {{ ref('stg_province__agencies') }}
    group by agency_code
),

checked as (
    select
        extracts.source_id,
        extracts.file_month,
        extracts.month_means,
        extracts.arrival,
        counts.*,
        case
            when counts.unparseable_columns is not null then 'unparseable'
            when
                counts.source_agency_code is null or counts.component is null or counts.month is null
                then 'missing_key'
            when {{ is_unlisted('counts', ['source_agency_code', 'component']) }} then 'malformed_code'
            when
                not {{ is_well_formed_key('counts.source_agency_code', 80) }}
                or not {{ is_well_formed_key('counts.component', 80) }}
                then 'malformed_key'
            when counts.numerator < 0 or counts.denominator < 0 then 'negative_count'
            when counts.month < date_trunc('month', limits.first_day) then 'month_before_first_day'
            when counts.month > limits.fetched_at then 'month_in_the_future'
            when counts.month < agencies.first_month then 'before_agency'
            when extracts.month_means = 'received' and counts.month <> extracts.file_month then 'month_outside_file'
            when counts.month > extracts.file_month then 'month_after_file'
            when doubled.extract_id is not null then 'doubled_key'
        end as quarantine_reason
    from counts
    inner join extracts on counts.extract_id = extracts.extract_id
    left join limits on counts.extract_id = limits.extract_id
    left join agencies on counts.source_agency_code = agencies.agency_code
    left join doubled
        on
            counts.extract_id = doubled.extract_id
            and counts.source_agency_code = doubled.source_agency_code
            and counts.month = doubled.month
            and counts.component = doubled.component
)

{{ select_disposed('checked', ['source_id', 'source_agency_code', 'month', 'component']) }}
