-- One row per closed month, metric, agency and record that would move a closed figure, were the month open.
with movements as (
    select * from {{ ref('mart_figure_movements') }}
    where baseline = 'close'
),

closed_months as (select * from {{ ref('stg_closed__definitions') }}),

metrics as (select * from {{ ref('ref_metrics') }}),

causes as (select * from {{ ref('ref_restatement_causes') }}),

stand_ins as (select * from {{ ref('ref_stand_in_names') }}),

agencies as (
    select
        entity_code,
        month,
        entity_name_vi
    from {{ ref('mart_online_rates') }}
    where scope = 'agency'
)

select
    closed_months.month,
    closed_months.revision,
    movements.metric,
    coalesce(metrics.name_vi, movements.metric) as metric_name_vi,
    metrics.noun_vi as unit,
    metrics.restated_order as metric_place,
    movements.agency_code,
    coalesce(agencies.entity_name_vi, stand_ins.name_vi) as agency_name_vi,
    movements.entity,
    movements.source_id,
    movements.record_id,
    movements.effect,
    movements.cause,
    coalesce(causes.name_vi, movements.cause) as cause_name_vi,
    movements.extract_id,
    movements.row_number
from movements
inner join closed_months on movements.month = closed_months.month
left join metrics on movements.metric = metrics.metric
left join causes on movements.cause = causes.cause
left join agencies on movements.agency_code = agencies.entity_code and movements.month = agencies.month
left join stand_ins on stand_ins.stand_in = 'unknown_agency'
order by
    closed_months.month, movements.metric, movements.agency_code, movements.entity, movements.source_id,
    movements.record_id
