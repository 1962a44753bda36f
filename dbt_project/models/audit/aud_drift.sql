-- One row per agency and month that has enough months before it: filings received beside the band around their mean.
with filings as (select * from {{ ref('fct_filings') }}),

bands as (select * from {{ ref('stg_province__drift_bands') }}),

deliveries as (
    select
        month,
        agency_code
    from {{ ref('fct_feed_deliveries') }}
    where entity = 'filings'
    group by month, agency_code
    having {{ is_month_complete() }}
),

-- One name per code, the newest: a renamed agency must not double its rows.
agencies as (
    select
        agency_code,
        name_vi,
        group_code
    from {{ ref('dim_agencies') }}
    qualify row_number() over (partition by agency_code order by valid_from desc) = 1
),

counted as (
    select
        received_month as month,
        agency_code,
        count(*) as received
    from filings
    where is_received
    group by received_month, agency_code
),

monthly as (
    select
        deliveries.month,
        deliveries.agency_code,
        coalesce(counted.received, 0) as received
    from deliveries
    left join counted
        on deliveries.month = counted.month and deliveries.agency_code = counted.agency_code
),

means as (
    select
        monthly.month,
        monthly.agency_code,
        monthly.received,
        bands.trailing_months,
        bands.lowest_percent,
        bands.highest_percent,
        bands.smallest_mean,
        count(earlier.month) as months_before,
        avg(earlier.received) as trailing_mean
    from monthly
    inner join agencies on monthly.agency_code = agencies.agency_code
    inner join bands on agencies.group_code = bands.group_code
    left join monthly as earlier
        on
            monthly.agency_code = earlier.agency_code
            and monthly.month > earlier.month
            and earlier.month >= {{ dbt.dateadd('month', '-bands.trailing_months', 'monthly.month') }}
    group by
        monthly.month, monthly.agency_code, monthly.received, bands.trailing_months, bands.lowest_percent,
        bands.highest_percent, bands.smallest_mean
)

select
    means.month,
    means.agency_code,
    agencies.name_vi as agency_name_vi,
    cast(means.received as bigint) as received,
    cast(floor(means.trailing_mean * means.lowest_percent / 100) as bigint) as lowest_rows,
    cast(ceil(means.trailing_mean * means.highest_percent / 100) as bigint) as highest_rows
from means
inner join agencies on means.agency_code = agencies.agency_code
where means.months_before = means.trailing_months and means.trailing_mean >= means.smallest_mean
order by means.month, means.agency_code
