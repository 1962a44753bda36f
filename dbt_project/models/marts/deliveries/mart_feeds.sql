-- One row per source, entity, month and agency: was its feed owed, did it come, was it on time.
with deliveries as (select * from {{ ref('fct_feed_deliveries') }}),

agencies as (
    {{ select_newest_agencies() }}
),

named as (
    select
        deliveries.*,
        agencies.name_vi as agency_name_vi,
        agencies.group_code
    from deliveries
    inner join agencies on deliveries.agency_code = agencies.agency_code
),

computed as (
    select
        source_id,
        entity,
        month,
        agency_code,
        agency_name_vi,
        group_code,
        is_expected,
        is_delivered,
        due_on,
        first_arrived_at,
        case
            when is_expected and is_delivered then cast(first_arrived_at as date) <= due_on
            when is_expected then false
        end as is_on_time,
        missing_reason
    from named
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by source_id, entity, month, agency_code
