-- One row per landed row of an active reported_figures extract, with what becomes of it.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

reported as (select * from {{ ref('int_reported_figures_coded') }}),

doubled as (
    {{ find_doubled_keys(
        'reported',
        ['source_agency_code', 'month', 'indicator'],
        fixed=['reported_value'],
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
        reported.*,
        case
            when reported.unparseable_columns is not null then 'unparseable'
            when
                reported.source_agency_code is null or reported.indicator is null or reported.month is null
                then 'missing_key'
            when {{ is_unlisted('reported', ['source_agency_code', 'indicator']) }} then 'malformed_code'
            when
                not {{ is_well_formed_key('reported.source_agency_code', 80) }}
                or not {{ is_well_formed_key('reported.indicator', 80) }}
                then 'malformed_key'
            when reported.month < date_trunc('month', limits.first_day) then 'month_before_first_day'
            when reported.month > limits.fetched_at then 'month_in_the_future'
            when reported.month < agencies.first_month then 'before_agency'
            when extracts.month_means = 'received' and reported.month <> extracts.file_month then 'month_outside_file'
            when reported.month > extracts.file_month then 'month_after_file'
            when doubled.extract_id is not null then 'doubled_key'
        end as quarantine_reason
    from reported
    inner join extracts on reported.extract_id = extracts.extract_id
    left join limits on reported.extract_id = limits.extract_id
    left join agencies on reported.source_agency_code = agencies.agency_code
    left join doubled
        on
            reported.extract_id = doubled.extract_id
            and reported.source_agency_code = doubled.source_agency_code
            and reported.month = doubled.month
            and reported.indicator = doubled.indicator
)

{{ select_disposed('checked', ['source_id', 'source_agency_code', 'month', 'indicator']) }}
