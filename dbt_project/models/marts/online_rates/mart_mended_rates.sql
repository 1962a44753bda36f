-- One row per month and agency that has filings set aside: between which rates mending them can take it.
with rates as (
    select * from {{ ref('mart_online_rates') }}
    where scope = 'agency' and received is not null
),

quarantined as (
    select * from {{ ref('fct_quarantined_rows') }}
    where entity = 'filings'
),

filings as (
    select * from {{ ref('fct_filings') }}
    where is_received
),

closed_months as (
    select * from {{ ref('mart_closed_months') }}
    where is_in_force
),

-- Two bad rows of one filing are one filing; a row without a key is one of its own.
identified as (
    select
        file_month,
        agency_code,
        source_id,
        record_key,
        case when record_key is null then extract_id end as keyless_extract_id,
        case when record_key is null then row_number end as keyless_row_number
    from quarantined
),

records as (
    select
        file_month,
        agency_code,
        source_id,
        record_key,
        count(*) as row_count
    from identified
    group by file_month, agency_code, source_id, record_key, keyless_extract_id, keyless_row_number
),

-- A filing that an older sound row counts already can only change its channel; any other can come on top.
counted as (
    select
        records.file_month as month,
        records.agency_code,
        sum(records.row_count) as quarantined_rows,
        sum(case when filings.filing_id is null then 1 else 0 end) as new_records,
        sum(case when filings.is_online then 1 else 0 end) as counted_online,
        sum(case when not filings.is_online then 1 else 0 end) as counted_otherwise
    from records
    left join filings
        on
            records.source_id = filings.source_id
            and records.record_key = filings.filing_id
            and records.agency_code = filings.agency_code
            and records.file_month = filings.received_month
    group by records.file_month, records.agency_code
)

select
    rates.month,
    rates.entity_code as agency_code,
    rates.entity_name_vi as agency_name_vi,
    cast(counted.quarantined_rows as bigint) as quarantined_rows,
    rates.received,
    rates.online,
    rates.online_rate_percent,
    -- Lowest: none of them is online. Highest: all are. What is mended later does not move a closed month.
    cast(
        case
            when closed_months.month is not null then rates.online_rate_percent
            else 100.0 * (rates.online - counted.counted_online) / nullif(rates.received + counted.new_records, 0)
        end as double
    ) as lowest_rate_percent,
    cast(
        case
            when closed_months.month is not null then rates.online_rate_percent
            else
                100.0 * (rates.online + counted.counted_otherwise + counted.new_records)
                / nullif(rates.received + counted.new_records, 0)
        end as double
    ) as highest_rate_percent
from rates
inner join counted on rates.month = counted.month and rates.entity_code = counted.agency_code
left join closed_months on rates.month = closed_months.month
order by rates.month, rates.entity_code
