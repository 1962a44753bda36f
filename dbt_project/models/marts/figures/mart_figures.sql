-- One row per metric, scope, entity and period: every figure that a published one can be compared with.
with rates as (select * from {{ ref('mart_online_rates') }}),

changes as (select * from {{ ref('mart_online_rate_changes') }}),

gaps as (select * from {{ ref('mart_group_gaps') }}),

payments as (select * from {{ ref('mart_payments') }}),

coverage as (select * from {{ ref('mart_catalogue_coverage') }}),

targets as (select * from {{ ref('mart_targets') }}),

province as (select * from {{ ref('stg_province__province') }}),

-- Groups go by their code as scope, as in the published figures.
scoped_rates as (
    select
        case when scope = 'group' then entity_code else scope end as scope,
        entity_name_vi,
        month,
        cast({{ dbt.last_day('month', 'month') }} as date) as month_end,
        online,
        online_rate_percent,
        online_level_3,
        online_level_4,
        online_no_level,
        agency_count,
        coalesce(missing_agencies, 0) = 0 as is_whole,
        case when missing_agencies > 0 then caveats_json end as caveats_json
    from rates
),

-- What lacks an agency is not the figure that was printed: it has no value, and says why.
rate_figures as (
    {% for metric, column, unit in [
        ('online_filings', 'online', 'filings'),
        ('online_rate', 'online_rate_percent', 'percent'),
        ('online_filings_level_3', 'online_level_3', 'filings'),
        ('online_filings_level_4', 'online_level_4', 'filings'),
        ('online_filings_without_level', 'online_no_level', 'filings'),
        ('agency_count', 'agency_count', 'agencies'),
    ] -%}
    select
        '{{ metric }}' as metric,
        scope,
        entity_name_vi,
        month as period_start,
        month_end as period_end,
        cast(case when is_whole or '{{ metric }}' = 'agency_count' then {{ column }} end as double) as computed_value,
        '{{ unit }}' as unit,
        case when '{{ metric }}' <> 'agency_count' then caveats_json end as caveats_json
    from scoped_rates
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

-- The period of a change is its baseline; the month that it leads to stands in the metric's name, as it is printed.
change_figures as (
    select
        'online_rate_change_to_' || lower(strftime(month, '%B')) as metric,
        case when scope = 'group' then entity_code else scope end as scope,
        entity_name_vi,
        baseline_start as period_start,
        baseline_end as period_end,
        change_points as computed_value,
        'percentage_points' as unit,
        cast(null as {{ dbt.type_string() }}) as caveats_json
    from changes
    where baseline_id in ('first_6_months', 'first_9_months')
),

gap_figures as (
    select
        'online_rate_gap_to_' || other_group_code as metric,
        group_code as scope,
        group_name_vi as entity_name_vi,
        month as period_start,
        cast({{ dbt.last_day('month', 'month') }} as date) as period_end,
        gap_points as computed_value,
        'percentage_points' as unit,
        cast(null as {{ dbt.type_string() }}) as caveats_json
    from gaps
),

payment_figures as (
    {% for metric, column, unit in [
        ('online_payment_count', 'ytd_online_payment_count', 'transactions'),
        ('online_payment_amount', 'ytd_online_payment_amount_vnd', 'VND'),
    ] -%}
    select
        '{{ metric }}' as metric,
        case when scope = 'group' then entity_code else scope end as scope,
        entity_name_vi,
        cast(date_trunc('year', month) as date) as period_start,
        cast({{ dbt.last_day('month', 'month') }} as date) as period_end,
        cast({{ column }} as double) as computed_value,
        '{{ unit }}' as unit,
        case when {{ column }} is null then caveats_json end as caveats_json
    from payments
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

coverage_figures as (
    {% for metric, column in [
        ('services_total', 'services_total'),
        ('services_level_3', 'services_level_3'),
        ('services_level_4', 'services_level_4'),
        ('services_connected_dvcqg', 'connected_services'),
    ] -%}
    select
        '{{ metric }}' as metric,
        'province' as scope,
        province.name_vi as entity_name_vi,
        cast(null as date) as period_start,
        cast({{ dbt.last_day('coverage.month', 'month') }} as date) as period_end,
        cast(case when coverage.caveats_json is null then coverage.{{ column }} end as double) as computed_value,
        'services' as unit,
        coverage.caveats_json
    from coverage
    cross join province
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

-- A target runs to the end of its validity: it is read in the newest month that has data.
target_figures as (
    select
        metric,
        case when scope = 'group' then entity_code else scope end as scope,
        entity_name_vi,
        valid_from as period_start,
        valid_to as period_end,
        case when caveats_json is null then actual_percent end as computed_value,
        'percent' as unit,
        caveats_json
    from targets
    where metric like 'target%'
    qualify {{ latest_by(['target_id', 'entity_code'], 'month desc') }}
),

unioned as (
    select * from rate_figures
    union all
    select * from change_figures
    union all
    select * from gap_figures
    union all
    select * from payment_figures
    union all
    select * from coverage_figures
    union all
    select * from target_figures
)

select
    metric,
    scope,
    entity_name_vi,
    period_start,
    period_end,
    computed_value,
    unit,
    caveats_json
from unioned
order by metric, scope, entity_name_vi, period_start nulls first, period_end
