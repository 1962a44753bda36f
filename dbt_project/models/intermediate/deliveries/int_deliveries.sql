-- One row per entity (filings, payment_requests, payment_attempts), month and agency: whether its figures are whole.
with deliveries as (select * from {{ ref('fct_feed_deliveries') }}),

reasons as (select * from {{ ref('ref_missing_reasons') }})

select
    deliveries.entity,
    deliveries.month,
    deliveries.agency_code,
    {{ is_month_complete() }} as is_delivered,
    -- Of several sources the first reason that has a place in the order, that of a source which owed the feed first.
    coalesce(
        min(case when deliveries.is_expected then reasons.official_order end), min(reasons.official_order)
    ) as missing_reason_order
from deliveries
left join reasons on deliveries.missing_reason = reasons.missing_reason
group by deliveries.entity, deliveries.month, deliveries.agency_code
