-- One row per agency, month and indicator that an agency reported itself: its figure beside what its records say.
with reported as (
    select * from {{ ref('fct_reported_figures') }}
    where indicator in ('ho_so_tiep_nhan', 'ho_so_truc_tuyen')
),

filings as (
    select * from {{ ref('fct_filings') }}
    where is_received
),

-- One name per code, the newest: a renamed agency must not double its rows.
agencies as (
    select
        agency_code,
        name_vi
    from {{ ref('dim_agencies') }}
    qualify row_number() over (partition by agency_code order by valid_from desc) = 1
),

-- Where the filings did not come there is nothing to compare: aud_feeds says so, and 0 would be a lie.
missing as (
    select
        month,
        agency_code
    from {{ ref('fct_feed_deliveries') }}
    where entity = 'filings'
    group by month, agency_code
    having not ({{ is_month_complete() }})
),

-- A source that has filings of its own answers for them; figures from one that has none are those of all sources.
sources_of_filings as (select distinct source_id from filings),

-- By the code as the source wrote it: the agency reports what it wrote, also on a day on which the folder knows it not.
counted as (
    select
        source_id,
        source_agency_code,
        received_month as month,
        count(*) as received,
        sum(case when is_online then 1 else 0 end) as online
    from filings
    group by source_id, source_agency_code, received_month
),

summed as (
    select
        reported.source_id,
        reported.month,
        reported.source_agency_code,
        reported.indicator,
        reported.reported_value,
        sum(counted.received) as received,
        sum(counted.online) as online
    from reported
    left join sources_of_filings on reported.source_id = sources_of_filings.source_id
    left join counted
        on
            reported.source_agency_code = counted.source_agency_code
            and reported.month = counted.month
            and (sources_of_filings.source_id is null or reported.source_id = counted.source_id)
    group by
        reported.source_id, reported.month, reported.source_agency_code, reported.indicator, reported.reported_value
)

select
    summed.source_id,
    summed.month,
    summed.source_agency_code,
    agencies.name_vi as agency_name_vi,
    summed.indicator,
    summed.reported_value,
    cast(
        case
            when summed.indicator = 'ho_so_tiep_nhan' then coalesce(summed.received, 0)
            when summed.indicator = 'ho_so_truc_tuyen' then coalesce(summed.online, 0)
        end as bigint
    ) as recorded_value
from summed
left join agencies on summed.source_agency_code = agencies.agency_code
left join missing on summed.month = missing.month and summed.source_agency_code = missing.agency_code
where missing.agency_code is null
order by summed.source_id, summed.month, summed.source_agency_code, summed.indicator
