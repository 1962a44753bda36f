-- One row per source, entity, event and month: its facts beside those in the month's tables or in a named count.
with placed as (select * from {{ ref('fct_placed_facts') }}),

places as (select * from {{ ref('ref_fact_places') }}),

extracts as (select * from {{ ref('stg_landing__extracts') }}),

services as (
    select * from {{ ref('dim_procedures') }}
    where is_known
),

facts as (
    select
        source_id,
        'filings' as entity,
        'received' as event_kind,
        cast(date_trunc('month', coalesce(received_at, submitted_at)) as date) as month
    from {{ ref('fct_filings') }}

    union all

    select
        source_id,
        'payment_requests' as entity,
        'paid' as event_kind,
        cast(date_trunc('month', coalesce(paid_at, requested_at)) as date) as month
    from {{ ref('fct_payments') }}

    union all

    select
        source_id,
        'payment_requests' as entity,
        'refunded' as event_kind,
        refunded_month as month
    from {{ ref('fct_payments') }}
    where is_refunded

    union all

    select
        source_id,
        'payment_attempts' as entity,
        'attempted' as event_kind,
        attempted_month as month
    from {{ ref('fct_payment_attempts') }}

    union all

    select
        source_id,
        'index_counts' as entity,
        'counted' as event_kind,
        month
    from {{ ref('fct_index_counts') }}

    union all

    select
        source_id,
        'reported_figures' as entity,
        'reported' as event_kind,
        month
    from {{ ref('fct_reported_figures') }}

    union all

    select
        extracts.source_id,
        'procedures' as entity,
        'listed' as event_kind,
        cast(null as date) as month
    from services
    inner join extracts on services.extract_id = extracts.extract_id
),

counted as (
    select
        source_id,
        entity,
        event_kind,
        month,
        count(*) as fact_rows
    from facts
    group by source_id, entity, event_kind, month
),

placed_rows as (
    select
        placed.source_id,
        placed.entity,
        placed.event_kind,
        placed.month,
        sum(case when places.is_in_month then placed.row_count else 0 end) as month_rows,
        sum(case when not places.is_in_month then placed.row_count else 0 end) as named_rows,
        sum(case when placed.place = 'month_without_file' then placed.row_count else 0 end) as uncovered_rows
    from placed
    inner join places on placed.place = places.place
    group by placed.source_id, placed.entity, placed.event_kind, placed.month
)

-- Both ways: a place that holds what is no fact would be found as well.
select
    coalesce(counted.source_id, placed_rows.source_id) as source_id,
    coalesce(counted.entity, placed_rows.entity) as entity,
    coalesce(counted.event_kind, placed_rows.event_kind) as event_kind,
    coalesce(counted.month, placed_rows.month) as month,
    cast(coalesce(counted.fact_rows, 0) as bigint) as fact_rows,
    cast(coalesce(placed_rows.month_rows, 0) as bigint) as month_rows,
    cast(coalesce(placed_rows.named_rows, 0) as bigint) as named_rows,
    cast(coalesce(placed_rows.month_rows, 0) + coalesce(placed_rows.named_rows, 0) as bigint) as accounted_rows,
    cast(coalesce(placed_rows.uncovered_rows, 0) as bigint) as uncovered_rows,
    cast(0 as bigint) as wanted_rows
from counted
full outer join placed_rows
    on
        counted.source_id = placed_rows.source_id
        and counted.entity = placed_rows.entity
        and counted.event_kind = placed_rows.event_kind
        and counted.month is not distinct from placed_rows.month
order by source_id, entity, event_kind, month
