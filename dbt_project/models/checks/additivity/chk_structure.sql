-- One row per check, month, scope, entity, vocabulary and period: figures under the newest structure, by vocabularies
-- of service levels and by definitions of the online rate.
-- What did not come is NULL and has no parts: its feeds are named in mart_feeds and mart_caveats.
with rates as (
    select * from {{ ref('mart_online_rates') }}
    where received is not null
),

payments as (
    select * from {{ ref('mart_payments') }}
    where online_payment_count is not null
),

service_levels as (
    select * from {{ ref('mart_service_levels') }}
    where received is not null
),

restated_rates as (select * from {{ ref('mart_online_rates_restated') }}),

restated_payments as (select * from {{ ref('mart_payments_restated') }}),

duties as (
    select * from {{ ref('mart_payment_duties') }}
    where with_duty is not null
),

restated_duties as (select * from {{ ref('mart_payment_duties_restated') }}),

form_totals as (
    select * from {{ ref('mart_form_06a') }}
    where arrangement = 'by_agency' and scope = 'province' and line_kind = 'total' and workload_total is not null
),

restated_form as (select * from {{ ref('mart_form_06a_restated') }}),

definitions as (select * from {{ ref('mart_online_rate_definitions') }}),

reports as (
    select * from definitions
    where is_report_definition and is_in_force
),

reasons as (
    select
        metric_id,
        version,
        month,
        scope,
        entity_code,
        sum(enters_numerator - leaves_numerator) as numerator,
        sum(enters_denominator - leaves_denominator) as denominator
    from {{ ref('mart_online_rate_definition_gaps') }}
    group by metric_id, version, month, scope, entity_code
),

-- Of each vocabulary; the levels as the source gives them are called otherwise than kinds of service.
{% for measure in ['received', 'online'] -%}
service_level_{{ measure }} as (
    select
        case
            when levels.vocabulary_id = 'source_levels' then '{{ measure }}_is_source_levels'
            else '{{ measure }}_is_sum_of_kinds'
        end as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        levels.vocabulary_id,
        levels.version,
        any_value(whole.{{ measure }}) as total,
        cast(sum(case when levels.is_residue then 0 else levels.{{ measure }} end) as bigint) as sum_of_classes,
        cast(sum(case when levels.is_residue then levels.{{ measure }} else 0 end) as bigint) as residue,
        'no_class' as residue_id
    from rates as whole
    inner join service_levels as levels
        on whole.month = levels.month and whole.scope = levels.scope and whole.entity_code = levels.entity_code
    group by
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        levels.vocabulary_id,
        levels.version
),

{% endfor -%}

-- The province's figures are the same under the newest structure; what that gives to none of its agencies is named.
{% for measure, was, restated in [
    ('received', 'rates', 'restated_rates'),
    ('online', 'rates', 'restated_rates'),
    ('online_payment_count', 'payments', 'restated_payments'),
    ('online_payment_amount_vnd', 'payments', 'restated_payments'),
    ('with_duty', 'duties', 'restated_duties'),
    ('paid_online', 'duties', 'restated_duties'),
] -%}
restated_{{ measure }} as (
    select
        'restated_{{ measure }}_is_as_was' as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        any_value(whole.{{ measure }}) as total,
        cast(
            sum(case when parts.entity_code not in ('unknown', 'unallocated') then parts.{{ measure }} else 0 end)
            as bigint
        ) as sum_of_classes,
        cast(
            sum(case when parts.entity_code in ('unknown', 'unallocated') then parts.{{ measure }} else 0 end)
            as bigint
        ) as residue,
        'not_restated' as residue_id
    from {{ was }} as whole
    inner join {{ restated }} as parts on whole.month = parts.month and parts.scope = 'agency'
    where whole.scope = 'province'
    group by whole.month, whole.scope, whole.entity_code, whole.entity_name_vi
),

{% endfor -%}

{% for measure in ['workload_total', 'pending_total'] -%}
restated_form_{{ measure }} as (
    select
        'period_restated_{{ measure }}_is_as_was' as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        {{ check_period('whole') }},
        any_value(whole.{{ measure }}) as total,
        cast(
            sum(case when parts.entity_code not in ('unknown', 'unallocated') then parts.{{ measure }} else 0 end)
            as bigint
        ) as sum_of_classes,
        cast(
            sum(case when parts.entity_code in ('unknown', 'unallocated') then parts.{{ measure }} else 0 end)
            as bigint
        ) as residue,
        'not_restated' as residue_id
    from form_totals as whole
    inner join restated_form as parts on whole.period_key = parts.period_key and parts.scope = 'agency'
    group by
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        {{ check_period('whole') }}
),

{% endfor -%}

-- What a definition of the online rate counts is what the report's own counts, and what enters and leaves for a reason.
{% for part in ['numerator', 'denominator'] -%}
definition_{{ part }}s as (
    select
        'online_rate_{{ part }}_is_report_and_reasons' as check_id,
        definitions.month,
        definitions.scope,
        definitions.entity_code,
        definitions.entity_name_vi,
        definitions.metric_id || '/' || definitions.version as part_id,
        definitions.{{ part }} as total,
        cast(reports.{{ part }} + coalesce(reasons.{{ part }}, 0) as bigint) as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_id
    from definitions
    left join reports on {{ share('definitions', 'reports', ['month', 'scope', 'entity_code']) }}
    left join reasons
        on {{ share('definitions', 'reasons', ['metric_id', 'version', 'month', 'scope', 'entity_code']) }}
    where definitions.{{ part }} is not null or reports.{{ part }} is not null
    qualify
        {{ first_unexplained(
            ['definitions.month', 'definitions.scope', 'definitions.entity_code'],
            'definitions.metric_id, definitions.version',
        ) }}
),

{% endfor -%}

computed as (
    {{ union_checks(['service_level_received', 'service_level_online'], subjects=['vocabulary_id', 'version']) }}
    union all
    {{ union_checks([
        'restated_received', 'restated_online', 'restated_online_payment_count', 'restated_online_payment_amount_vnd',
        'restated_with_duty', 'restated_paid_online',
    ]) }}
    union all
    {{ union_checks(
        ['restated_form_workload_total', 'restated_form_pending_total'],
        subjects=['calendar_id', 'kind', 'period_name_vi', 'period_name_en', 'calendar_name_vi', 'calendar_name_en'],
    ) }}
    union all
    {{ union_checks(['definition_numerators', 'definition_denominators'], subjects=['part_id']) }}
)

select * from computed
