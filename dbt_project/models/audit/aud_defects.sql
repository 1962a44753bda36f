-- One row per kind of defect and month: facts looked at and facts that have it, with the most that is tolerated.
with filings as (
    select * from {{ ref('fct_filings') }}
    where is_received
),

attempts as (select * from {{ ref('fct_payment_attempts') }}),

counted as (
    select
        'finished_without_date' as defect_id,
        received_month as month,
        count(*) as row_count,
        sum(case when defect like '%finished_without_date%' then 1 else 0 end) as failing_rows,
        cast(0 as bigint) as tolerated_rows
    from filings
    group by received_month

    union all

    select
        'level_2_filed_online' as defect_id,
        received_month as month,
        count(*) as row_count,
        sum(case when defect like '%level_2_filed_online%' then 1 else 0 end) as failing_rows,
        cast(0 as bigint) as tolerated_rows
    from filings
    group by received_month

    union all

    -- 0.1 % of the online filings of a month: the province's own report of October 2022 leaves 0.10 and 0.11 % without
    -- one.
    select
        'online_without_level' as defect_id,
        received_month as month,
        count(*) as row_count,
        sum(case when is_online_service_level then 0 else 1 end) as failing_rows,
        cast(floor(count(*) * 0.001) as bigint) as tolerated_rows
    from filings
    where is_online
    group by received_month

    union all

    -- Gateways that write a 12-hour clock have no afternoon: with 100 attempts in a month, none at 13:00 or later is no
    -- chance.
    select
        'no_afternoon_at_the_gateway' as defect_id,
        attempted_month as month,
        count(*) as row_count,
        case
            when count(*) >= 100 and sum(case when extract(hour from gateway_time) >= 13 then 1 else 0 end) = 0
                then count(*)
            else 0
        end as failing_rows,
        cast(0 as bigint) as tolerated_rows
    from attempts
    group by attempted_month
)

select
    defect_id,
    month,
    row_count,
    cast(failing_rows as bigint) as failing_rows,
    tolerated_rows
from counted
order by defect_id, month
