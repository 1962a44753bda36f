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
            when
                not {{ is_well_formed_key('reported.source_agency_code', 80) }}
                or not {{ is_well_formed_key('reported.indicator', 80) }}
                then 'malformed_key'
            when doubled.extract_id is not null then 'doubled_key'
        end as quarantine_reason
    from reported
    inner join extracts on reported.extract_id = extracts.extract_id
    left join doubled
        on
            reported.extract_id = doubled.extract_id
            and reported.source_agency_code = doubled.source_agency_code
            and reported.month = doubled.month
            and reported.indicator = doubled.indicator
)

{{ select_disposed('checked', ['source_id', 'source_agency_code', 'month', 'indicator']) }}
