-- One row per scope, entity, month and baseline (an earlier month or run of months). Shares change in points.
with rates as (select * from {{ ref('mart_online_rates') }}),

baselines as (select * from {{ ref('ref_baselines') }}),

small_bases as (
    select * from {{ ref('ref_small_bases') }}
    where measure = 'share'
),

-- A month counts for an entity when all its agencies delivered: a part of a group is no baseline for the whole.
loaded_months as (
    select
        month,
        scope,
        entity_code
    from rates
    where received is not null and missing_agencies = 0
),

spans as (
    select
        rates.month,
        rates.scope,
        rates.entity_code,
        rates.entity_name_vi,
        rates.online,
        rates.received,
        rates.online_rate_percent,
        rates.missing_agencies,
        baselines.baseline_id,
        baselines.name_vi as baseline_name_vi,
        baselines.months as baseline_months_expected,
        case
            when baselines.kind = 'from_january' then cast(date_trunc('year', rates.month) as date)
            else cast({{ dbt.dateadd('month', '-baselines.months', 'rates.month') }} as date)
        end as first_month,
        case
            when baselines.kind = 'from_january'
                then cast({{ dbt.dateadd('month', 'baselines.months - 1', "date_trunc('year', rates.month)") }} as date)
            else cast({{ dbt.dateadd('month', -1, 'rates.month') }} as date)
        end as last_month
    from rates
    cross join baselines
),

-- "The first nine months" is a baseline only for a month that comes after them.
usable_spans as (
    select * from spans
    where last_month < month
),

present_months as (
    select
        usable_spans.month,
        usable_spans.scope,
        usable_spans.entity_code,
        usable_spans.baseline_id,
        count(distinct loaded_months.month) as baseline_months_present
    from usable_spans
    left join loaded_months
        on
            usable_spans.scope = loaded_months.scope
            and usable_spans.entity_code = loaded_months.entity_code
            and loaded_months.month between usable_spans.first_month and usable_spans.last_month
    group by usable_spans.month, usable_spans.scope, usable_spans.entity_code, usable_spans.baseline_id
),

summed as (
    select
        usable_spans.month,
        usable_spans.scope,
        usable_spans.entity_code,
        usable_spans.baseline_id,
        sum(rates.online) as baseline_online,
        sum(rates.received) as baseline_received
    from usable_spans
    inner join rates
        on
            usable_spans.scope = rates.scope
            and usable_spans.entity_code = rates.entity_code
            and rates.month between usable_spans.first_month and usable_spans.last_month
    group by usable_spans.month, usable_spans.scope, usable_spans.entity_code, usable_spans.baseline_id
),

-- A baseline with a month missing is no baseline: NULL, with the count of months that says why.
complete_only as (
    select
        usable_spans.*,
        present_months.baseline_months_present,
        case
            when present_months.baseline_months_present = usable_spans.baseline_months_expected
                then summed.baseline_online
        end as baseline_online,
        case
            when present_months.baseline_months_present = usable_spans.baseline_months_expected
                then summed.baseline_received
        end as baseline_received
    from usable_spans
    inner join present_months
        on
            usable_spans.month = present_months.month
            and usable_spans.scope = present_months.scope
            and usable_spans.entity_code = present_months.entity_code
            and usable_spans.baseline_id = present_months.baseline_id
    left join summed
        on
            usable_spans.month = summed.month
            and usable_spans.scope = summed.scope
            and usable_spans.entity_code = summed.entity_code
            and usable_spans.baseline_id = summed.baseline_id
),

marked as (
    select
        complete_only.*,
        small_bases.smallest_base
    from complete_only
    left join small_bases
        on
            complete_only.month >= coalesce(small_bases.valid_from, complete_only.month)
            and complete_only.month <= coalesce(small_bases.valid_to, complete_only.month)
),

computed as (
    select
        month,
        scope,
        entity_code,
        entity_name_vi,
        baseline_id,
        baseline_name_vi,
        first_month as baseline_start,
        cast({{ dbt.last_day('last_month', 'month') }} as date) as baseline_end,
        cast(baseline_months_expected as integer) as baseline_months_expected,
        cast(baseline_months_present as integer) as baseline_months_present,
        cast(baseline_online as bigint) as baseline_online,
        cast(baseline_received as bigint) as baseline_received,
        cast(100.0 * baseline_online / nullif(baseline_received, 0) as double) as baseline_rate_percent,
        online,
        received,
        online_rate_percent,
        -- Nor is the month itself compared while an agency of it is missing: fewer agencies are not fewer filings.
        cast(
            case
                when missing_agencies = 0
                    then online_rate_percent - 100.0 * baseline_online / nullif(baseline_received, 0)
            end as double
        ) as change_points,
        cast(
            case
                when baseline_id = 'previous_month' and missing_agencies = 0
                    then 100.0 * (online - baseline_online) / nullif(baseline_online, 0)
            end as double
        ) as online_count_change_percent,
        least(received, baseline_received) < smallest_base as is_small_base
    from marked
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, scope, entity_code, baseline_id
