-- One row per figure that the province printed: printed, computed, and whether they agree within its rounding.
with published as (select * from {{ ref('stg_province__published_figures') }}),

figures as (select * from {{ ref('mart_figures') }}),

metrics as (select * from {{ ref('ref_metrics') }}),

groups as (select * from {{ ref('stg_province__groups') }}),

-- A metric that compares is named with what it compares with.
compared as (
    select
        published.*,
        metrics.is_target,
        replace(
            replace(metrics.name_vi, '{month}', coalesce(cast(month(published.compared_month) as varchar), '')),
            '{group}', coalesce({{ lower_first('groups.name_vi') }}, '')
        ) as metric_name_vi,
        replace(
            replace(metrics.name_en, '{month}', coalesce(strftime(published.compared_month, '%B'), '')),
            '{group}', coalesce({{ lower_first('groups.name_en') }}, '')
        ) as metric_name_en,
        figures.computed_value,
        figures.caveats_json
    from published
    left join metrics on published.metric = metrics.metric
    left join groups on published.other_group_code = groups.group_code
    left join figures
        on
            published.metric = figures.metric
            and published.scope = figures.scope
            and published.entity_name_vi = figures.entity_name_vi
            and published.period_end = figures.period_end
            and published.period_start is not distinct from figures.period_start
            and published.compared_month is not distinct from figures.compared_month
            and published.other_group_code is not distinct from figures.other_group_code
)

select
    figure_id,
    scope,
    entity_name_vi,
    metric,
    coalesce(metric_name_vi, metric) as metric_name_vi,
    coalesce(metric_name_en, metric) as metric_name_en,
    coalesce(is_target, false) as is_target,
    period_start,
    period_end,
    compared_month,
    other_group_code,
    published_value,
    lower_bound,
    upper_bound,
    unit,
    computed_value,
    case
        when computed_value is null then 'no_data'
        when is_target and computed_value >= published_value then 'target_met'
        when is_target then 'target_missed'
        -- No bound means the printed value itself; one bound alone ("trên …") leaves the other side open.
        when coalesce(lower_bound, upper_bound) is null and computed_value = published_value then 'reproduced'
        when
            coalesce(lower_bound, upper_bound) is not null
            and computed_value between coalesce(lower_bound, computed_value) and coalesce(upper_bound, computed_value)
            then 'reproduced'
        else 'not_reproduced'
    end as verdict,
    wording_vi,
    note,
    caveats_json
from compared
order by figure_id
