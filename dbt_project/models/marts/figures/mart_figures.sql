-- One row per metric, scope, entity, period and what it is compared with: all that a printed figure is held against.
with rates as (select * from {{ ref('mart_online_rates') }}),

changes as (select * from {{ ref('mart_online_rate_changes') }}),

gaps as (select * from {{ ref('mart_group_gaps') }}),

payments as (select * from {{ ref('mart_payments') }}),

coverage as (select * from {{ ref('mart_catalogue_coverage') }}),

targets as (select * from {{ ref('mart_targets') }}),

province as (select * from {{ ref('stg_province__province') }}),

metrics as (select * from {{ ref('ref_metrics') }}),

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

-- What lacks an agency is not the figure that was printed: it has no value, and says why. How many agencies there
-- are is known without their files.
rate_figures as (
    {% for metric, column in {
        'online': 'online',
        'online_rate': 'online_rate_percent',
        'online_level_3': 'online_level_3',
        'online_level_4': 'online_level_4',
        'online_no_level': 'online_no_level',
        'agency_count': 'agency_count',
    }.items() -%}
    select
        '{{ metric }}' as metric,
        scope,
        entity_name_vi,
        month as period_start,
        month_end as period_end,
        cast(null as date) as compared_month,
        cast(null as {{ dbt.type_string() }}) as other_group_code,
        cast(case when is_whole or '{{ metric }}' = 'agency_count' then {{ column }} end as double) as computed_value,
        case when '{{ metric }}' <> 'agency_count' then caveats_json end as caveats_json
    from scoped_rates
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

-- The period of a change is its baseline; the month that it leads to stands beside it.
change_figures as (
    select
        'online_rate_change' as metric,
        case when scope = 'group' then entity_code else scope end as scope,
        entity_name_vi,
        baseline_start as period_start,
        baseline_end as period_end,
        month as compared_month,
        cast(null as {{ dbt.type_string() }}) as other_group_code,
        change_points as computed_value,
        cast(null as {{ dbt.type_string() }}) as caveats_json
    from changes
    where baseline_id in ('first_6_months', 'first_9_months')
),

gap_figures as (
    select
        'online_rate_gap' as metric,
        group_code as scope,
        group_name_vi as entity_name_vi,
        month as period_start,
        cast({{ dbt.last_day('month', 'month') }} as date) as period_end,
        cast(null as date) as compared_month,
        other_group_code,
        gap_points as computed_value,
        cast(null as {{ dbt.type_string() }}) as caveats_json
    from gaps
),

payment_figures as (
    {% for metric in ['online_payment_count', 'online_payment_amount_vnd'] -%}
    {% set column = 'ytd_' ~ metric -%}
    select
        '{{ metric }}' as metric,
        case when scope = 'group' then entity_code else scope end as scope,
        entity_name_vi,
        cast(date_trunc('year', month) as date) as period_start,
        cast({{ dbt.last_day('month', 'month') }} as date) as period_end,
        cast(null as date) as compared_month,
        cast(null as {{ dbt.type_string() }}) as other_group_code,
        cast({{ column }} as double) as computed_value,
        case when {{ column }} is null then caveats_json end as caveats_json
    from payments
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

coverage_figures as (
    {% for metric in ['services_total', 'services_level_3', 'services_level_4', 'connected_services'] -%}
    select
        '{{ metric }}' as metric,
        'province' as scope,
        province.name_vi as entity_name_vi,
        cast(null as date) as period_start,
        cast({{ dbt.last_day('coverage.month', 'month') }} as date) as period_end,
        cast(null as date) as compared_month,
        cast(null as {{ dbt.type_string() }}) as other_group_code,
        cast(case when coverage.caveats_json is null then coverage.{{ metric }} end as double) as computed_value,
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
        targets.metric,
        case when targets.scope = 'group' then targets.entity_code else targets.scope end as scope,
        targets.entity_name_vi,
        targets.valid_from as period_start,
        targets.valid_to as period_end,
        cast(null as date) as compared_month,
        cast(null as {{ dbt.type_string() }}) as other_group_code,
        case when targets.caveats_json is null then targets.actual_percent end as computed_value,
        targets.caveats_json
    from targets
    inner join metrics on targets.metric = metrics.metric
    where metrics.is_target
    qualify {{ latest_by(['targets.target_id', 'targets.entity_code'], 'targets.month desc') }}
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
    unioned.metric,
    unioned.scope,
    unioned.entity_name_vi,
    unioned.period_start,
    unioned.period_end,
    unioned.compared_month,
    unioned.other_group_code,
    unioned.computed_value,
    metrics.unit,
    unioned.caveats_json
from unioned
inner join metrics on unioned.metric = metrics.metric
order by
    unioned.metric, unioned.scope, unioned.entity_name_vi, unioned.period_start nulls first, unioned.period_end,
    unioned.compared_month, unioned.other_group_code
