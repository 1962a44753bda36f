-- One row per source, entity, month and agency that owed a feed: 1 wanted, 1 or 0 come.
with deliveries as (
    select * from {{ ref('fct_feed_deliveries') }}
    where is_expected
),

agencies as (
    {{ select_newest_agencies() }}
),

named as (
    select
        deliveries.source_id,
        deliveries.entity,
        deliveries.month,
        deliveries.agency_code,
        agencies.name_vi as agency_name_vi,
        deliveries.is_delivered
    from deliveries
    inner join agencies on deliveries.agency_code = agencies.agency_code
)

select
    source_id,
    entity,
    month,
    agency_code,
    agency_name_vi,
    cast(1 as bigint) as wanted_feeds,
    cast(case when is_delivered then 1 else 0 end as bigint) as delivered_feeds
from named
order by source_id, entity, month, agency_code
