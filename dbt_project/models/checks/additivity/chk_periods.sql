-- One row per check, month, scope, entity, calendar and kind of period: the figures of reporting periods.
-- What did not come is NULL and has no parts: its feeds are named in mart_feeds and mart_caveats.
with rates as (
    select * from {{ ref('mart_online_rates') }}
    where received is not null
),

payments as (
    select * from {{ ref('mart_payments') }}
    where online_payment_count is not null
),

period_rates as (
    select * from {{ ref('mart_period_online_rates') }}
    where received is not null
),

period_payments as (
    select * from {{ ref('mart_period_payments') }}
    where online_payment_count is not null
),

-- Periods: one check for each calendar and kind that ends in the month. Agencies' levels are those of their group.
period_channels as (
    select
        'period_received_is_direct_online_postal' as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        {{ check_period() }},
        received as total,
        direct + online + postal as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_id
    from period_rates
),

period_levels as (
    select
        'period_online_is_levels_and_residue' as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        {{ check_period() }},
        online as total,
        online_level_3 + online_level_4 as sum_of_classes,
        online_no_level as residue,
        'no_level' as residue_id
    from period_rates
    where scope <> 'agency'
),

period_amounts as (
    select
        'period_payment_amount_is_phi_and_le_phi' as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        {{ check_period() }},
        online_payment_amount_vnd as total,
        online_phi_vnd + online_le_phi_vnd as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_id
    from period_payments
),

{% for measure, source in [
    ('received', 'period_rates'),
    ('online', 'period_rates'),
    ('online_payment_amount_vnd', 'period_payments'),
] -%}
period_province_{{ measure }} as (
    select
        'period_province_{{ measure }}_is_sum_of_agencies' as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        {{ check_period('whole') }},
        any_value(whole.{{ measure }}) as total,
        cast(sum(case when parts.entity_code <> 'unknown' then parts.{{ measure }} else 0 end) as bigint)
            as sum_of_classes,
        cast(sum(case when parts.entity_code = 'unknown' then parts.{{ measure }} else 0 end) as bigint)
            as residue,
        'unknown_agency' as residue_id
    from {{ source }} as whole
    inner join {{ source }} as parts on whole.period_key = parts.period_key and parts.scope = 'agency'
    where whole.scope = 'province'
    group by
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        {{ check_period('whole') }}
),

{% endfor -%}

-- Only where a period is made of whole calendar months; the months count as they are published, closed ones as closed.
{% for measure, source, months in [
    ('received', 'period_rates', 'rates'),
    ('online', 'period_rates', 'rates'),
    ('online_payment_amount_vnd', 'period_payments', 'payments'),
] -%}
period_months_{{ measure }} as (
    select
        'period_{{ measure }}_is_sum_of_months' as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        {{ check_period('whole') }},
        any_value(whole.{{ measure }}) as total,
        cast(sum(months.{{ measure }}) as bigint) as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_id
    from {{ source }} as whole
    inner join {{ months }} as months
        on
            whole.scope = months.scope
            and whole.entity_code = months.entity_code
            and months.month between whole.first_day and whole.last_day
    where extract(day from whole.first_day) = 1
    group by
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        {{ check_period('whole') }}
),

{% endfor -%}

computed as (
    {{ union_checks([
        'period_channels', 'period_levels', 'period_amounts', 'period_province_received', 'period_province_online',
        'period_province_online_payment_amount_vnd', 'period_months_received', 'period_months_online',
        'period_months_online_payment_amount_vnd',
    ], subjects=['calendar_id', 'kind', 'period_name_vi', 'period_name_en', 'calendar_name_vi', 'calendar_name_en']) }}
)

select * from computed
