-- One row per source, entity and month: feeds owed, come and on time.
with feeds as (
    select * from {{ ref('mart_feeds') }}
    where is_expected
),

counted as (
    select
        source_id,
        entity,
        month,
        count(*) as expected_feeds,
        sum(case when is_delivered then 1 else 0 end) as delivered_feeds,
        sum(case when is_on_time then 1 else 0 end) as on_time_feeds
    from feeds
    group by source_id, entity, month
),

computed as (
    select
        source_id,
        entity,
        month,
        cast(expected_feeds as bigint) as expected_feeds,
        cast(delivered_feeds as bigint) as delivered_feeds,
        cast(on_time_feeds as bigint) as on_time_feeds,
        cast(100.0 * delivered_feeds / nullif(expected_feeds, 0) as double) as delivered_percent,
        cast(100.0 * on_time_feeds / nullif(expected_feeds, 0) as double) as on_time_percent
    from counted
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by source_id, entity, month
