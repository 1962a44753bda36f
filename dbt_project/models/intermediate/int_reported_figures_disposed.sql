-- One row per landed row of an active reported_figures extract, with what becomes of it.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

reported as (select * from {{ ref('stg_one_stop__reported_figures') }}),

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
        end as quarantine_reason
    from reported
    inner join extracts on reported.extract_id = extracts.extract_id
)

{{ select_disposed('checked', ['source_id', 'source_agency_code', 'month', 'indicator']) }}
