-- One row per landed row of an active index_counts extract, with what becomes of it.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

counts as (select * from {{ ref('stg_one_stop__index_counts') }}),

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
            when counts.numerator < 0 or counts.denominator < 0 then 'negative_count'
        end as quarantine_reason
    from counts
    inner join extracts on counts.extract_id = extracts.extract_id
)

{{ select_disposed('checked', ['source_id', 'source_agency_code', 'month', 'component']) }}
