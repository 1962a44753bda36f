-- One row per kind of defect, source and month: facts looked at, facts that have it, and the most that is tolerated.
{% set listed = {
    'filings': [
        'finished_without_date', 'level_2_filed_online', 'no_date_marker', 'unlisted_code', 'received_before_submitted',
        'finished_before_received', 'returned_before_finished', 'before_the_feed',
    ],
    'payments': [
        'no_date_marker', 'unlisted_code', 'paid_before_requested', 'paid_long_after_requested', 'refunded_before_paid',
        'before_the_feed',
    ],
    'attempts': ['no_date_marker', 'unlisted_code', 'attempted_before_requested', 'before_the_feed'],
} -%}
with filings as (
    select
        source_id,
        received_month as month,
        is_online,
        is_online_service_level,
        defect
    from {{ ref('fct_filings') }}
    where is_received
),

payments as (
    select
        source_id,
        payment_request_id,
        coalesce(paid_month, cast(date_trunc('month', requested_at) as date)) as month,
        is_paid,
        paid_at,
        defect
    from {{ ref('fct_payments') }}
),

attempts as (
    select
        source_id,
        payment_request_id,
        attempted_month as month,
        attempted_on,
        status_id,
        gateway_time,
        defect
    from {{ ref('fct_payment_attempts') }}
),

limits as (
    select
        source_id,
        max(success_off_payment_days) as success_off_payment_days
    from {{ ref('int_date_limits') }}
    group by source_id
),

defects as (select * from {{ ref('ref_defects') }}),

judged as (
    {% for facts, ids in listed.items() -%}
    {% for id in ids -%}
    select
        '{{ id }}' as defect_id,
        source_id,
        month,
        case when {{ has_defect('defect', id) }} then 1 else 0 end as is_failing
    from {{ facts }}

    union all

    {% endfor -%}
    {% endfor -%}
    select
        'online_without_level' as defect_id,
        source_id,
        month,
        case when is_online_service_level then 0 else 1 end as is_failing
    from filings
    where is_online

    union all

    -- Money that a successful attempt brought is paid on that day.
    select
        'success_off_payment' as defect_id,
        attempts.source_id,
        attempts.month,
        case
            when
                {{ is_days_after('attempts.attempted_on', 'payments.paid_at', 'limits.success_off_payment_days') }}
                or {{ is_days_after('payments.paid_at', 'attempts.attempted_on', 'limits.success_off_payment_days') }}
                then 1
            else 0
        end as is_failing
    from attempts
    inner join payments
        on
            attempts.source_id = payments.source_id
            and attempts.payment_request_id = payments.payment_request_id
    inner join limits on attempts.source_id = limits.source_id
    where attempts.status_id = 'succeeded' and payments.is_paid
),

counted as (
    select
        defect_id,
        source_id,
        month,
        count(*) as row_count,
        sum(is_failing) as failing_rows
    from judged
    group by defect_id, source_id, month

    union all

    -- Gateways that write a 12-hour clock have no afternoon. One source's afternoon says nothing of another's.
    select
        'no_afternoon_at_the_gateway' as defect_id,
        source_id,
        month,
        count(*) as row_count,
        case when sum(case when extract(hour from gateway_time) >= 13 then 1 else 0 end) = 0 then count(*) else 0 end
            as failing_rows
    from attempts
    group by source_id, month
)

select
    counted.defect_id,
    counted.source_id,
    counted.month,
    counted.row_count,
    cast(case when counted.row_count >= defects.fewest_rows then counted.failing_rows else 0 end as bigint)
        as failing_rows,
    cast(floor(counted.row_count * defects.tolerated_percent / 100) as bigint) as tolerated_rows
from counted
inner join defects on counted.defect_id = defects.defect_id
order by counted.defect_id, counted.source_id, counted.month
