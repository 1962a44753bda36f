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
            when
                not {{ is_well_formed_key('counts.source_agency_code', 80) }}
                or not {{ is_well_formed_key('counts.component', 80) }}
                then 'malformed_key'
            when counts.numerator < 0 or counts.denominator < 0 then 'negative_count'
            when doubled.extract_id is not null then 'doubled_key'
        end as quarantine_reason
    from counts
    inner join extracts on counts.extract_id = extracts.extract_id
    left join doubled
        on
            counts.extract_id = doubled.extract_id
            and counts.source_agency_code = doubled.source_agency_code
            and counts.month = doubled.month
            and counts.component = doubled.component
)

{{ select_disposed('checked', ['source_id', 'source_agency_code', 'month', 'component']) }}
