-- One row per reporting period, scope, entity, metric and comparison (the period before, the same one a year before).
{% set counts = ['received', 'online'] -%}
{% set payment_counts = ['online_payment_count', 'online_payment_amount_vnd'] -%}
with periods as (select * from {{ ref('dim_reporting_periods') }}),

rates as (select * from {{ ref('mart_period_online_rates') }}),

payments as (select * from {{ ref('mart_period_payments') }}),

small_bases as (select * from {{ ref('ref_small_bases') }}),

-- A share has a denominator; a count has none and is its own base, an amount has the payments that it is the sum of.
measured as (
    select
        period_key,
        scope,
        entity_code,
        entity_name_vi,
        group_code,
        official_order,
        'online_rate' as metric,
        'share' as measure,
        months_present = months_expected as is_complete,
        online as numerator,
        received as denominator,
        received as base_count
    from rates
    {% for metric in counts -%}
    union all
    select
        period_key,
        scope,
        entity_code,
        entity_name_vi,
        group_code,
        official_order,
        '{{ metric }}' as metric,
        'count' as measure,
        months_present = months_expected as is_complete,
        {{ metric }} as numerator,
        cast(null as bigint) as denominator,
        {{ metric }} as base_count
    from rates
    {% endfor -%}
    {% for metric in payment_counts -%}
    union all
    select
        period_key,
        scope,
        entity_code,
        entity_name_vi,
        group_code,
        official_order,
        '{{ metric }}' as metric,
        'count' as measure,
        months_present = months_expected as is_complete,
        {{ metric }} as numerator,
        cast(null as bigint) as denominator,
        online_payment_count as base_count
    from payments
    {% endfor %}
),

comparisons as (
    select
        *,
        'previous' as comparison,
        previous_period_key as base_period_key
    from periods
    union all
    select
        *,
        'year_before' as comparison,
        year_before_period_key as base_period_key
    from periods
),

-- The year before a period of one calendar is the same period of that calendar: two calendars are never compared.
compared as (
    select
        comparisons.period_key,
        comparisons.calendar_id,
        comparisons.period_code,
        comparisons.kind,
        comparisons.month,
        comparisons.last_day,
        comparisons.name_vi as period_name_vi,
        comparisons.name_en as period_name_en,
        comparisons.comparison,
        comparisons.base_period_key,
        base_periods.name_vi as base_period_name_vi,
        base_periods.name_en as base_period_name_en,
        base_periods.first_day as base_first_day,
        base_periods.last_day as base_last_day,
        own.scope,
        own.entity_code,
        own.entity_name_vi,
        own.group_code,
        own.official_order,
        own.metric,
        own.measure,
        own.numerator,
        own.denominator,
        own.base_count as own_count,
        base.numerator as base_numerator,
        base.denominator as base_denominator,
        base.base_count,
        case
            when own.measure = 'share' then 100.0 * own.numerator / nullif(own.denominator, 0)
        end as rate_percent,
        case
            when own.measure = 'share' then 100.0 * base.numerator / nullif(base.denominator, 0)
        end as base_rate_percent,
        case
            when
                base_periods.period_key is null
                and comparisons.kind = 'nine_months'
                and comparisons.comparison = 'previous'
                then 'nothing_adjoins'
            when base_periods.period_key is null then 'no_base_period'
            when not own.is_complete then 'period_incomplete'
            when base.entity_code is null then 'not_there_before'
            when not base.is_complete then 'base_incomplete'
            when own.measure = 'share' and own.denominator = 0 then 'zero_denominator'
            when own.measure = 'share' and base.denominator = 0 then 'zero_base'
            when own.measure = 'count' and base.numerator = 0 then 'zero_base'
        end as reason_id
    from comparisons
    inner join measured as own on comparisons.period_key = own.period_key
    left join periods as base_periods on comparisons.base_period_key = base_periods.period_key
    left join measured as base
        on
            comparisons.base_period_key = base.period_key
            and own.scope = base.scope
            and own.entity_code = base.entity_code
            and own.metric = base.metric
),

computed as (
    select
        compared.period_key,
        compared.calendar_id,
        compared.period_code,
        compared.kind,
        compared.month,
        compared.period_name_vi,
        compared.period_name_en,
        compared.scope,
        compared.entity_code,
        compared.entity_name_vi,
        compared.group_code,
        compared.official_order,
        compared.metric,
        compared.comparison,
        compared.base_period_key,
        compared.base_period_name_vi,
        compared.base_period_name_en,
        compared.base_first_day,
        compared.base_last_day,
        compared.numerator,
        compared.denominator,
        cast(compared.rate_percent as double) as rate_percent,
        compared.base_numerator,
        compared.base_denominator,
        cast(compared.base_rate_percent as double) as base_rate_percent,
        cast(
            case
                when compared.measure = 'share' and compared.reason_id is null
                    then compared.rate_percent - compared.base_rate_percent
            end as double
        ) as change_points,
        cast(
            case
                when compared.measure = 'count' and compared.reason_id is null
                    then 100.0 * (compared.numerator - compared.base_numerator) / compared.base_numerator
            end as double
        ) as change_percent,
        compared.reason_id,
        small_bases.smallest_base,
        least(compared.own_count, compared.base_count) < small_bases.smallest_base as is_small_base
    from compared
    left join small_bases
        on
            compared.measure = small_bases.measure
            and compared.last_day >= coalesce(small_bases.valid_from, cast('1900-01-01' as date))
            and compared.last_day <= coalesce(small_bases.valid_to, cast('9999-12-31' as date))
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by period_key, scope, official_order, entity_code, metric, comparison
