-- One row per check, month, scope and entity: the figures of reporting periods.
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
    select
        *,
        '/' || calendar_id || '/' || kind as check_suffix,
        period_name_vi || ' (' || lower(calendar_name_vi) || '): ' as check_prefix_vi
    from {{ ref('mart_period_online_rates') }}
    where received is not null
),

period_payments as (
    select
        *,
        '/' || calendar_id || '/' || kind as check_suffix,
        period_name_vi || ' (' || lower(calendar_name_vi) || '): ' as check_prefix_vi
    from {{ ref('mart_period_payments') }}
    where online_payment_count is not null
),

-- Periods: one check for each calendar and kind that ends in the month. Agencies' levels are those of their group.
period_channels as (
    select
        'period_received_is_direct_online_postal' || check_suffix as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        check_prefix_vi || 'hồ sơ tiếp nhận = trực tiếp + trực tuyến + bưu chính' as total_name_vi,
        received as total,
        direct + online + postal as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_name_vi
    from period_rates
),

period_levels as (
    select
        'period_online_is_levels_and_residue' || check_suffix as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        check_prefix_vi || 'hồ sơ trực tuyến = mức độ 3 + mức độ 4 + không phân mức' as total_name_vi,
        online as total,
        online_level_3 + online_level_4 as sum_of_classes,
        online_no_level as residue,
        'Không phân mức' as residue_name_vi
    from period_rates
    where scope <> 'agency'
),

period_amounts as (
    select
        'period_payment_amount_is_phi_and_le_phi' || check_suffix as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        check_prefix_vi || 'số tiền thanh toán trực tuyến = phí + lệ phí' as total_name_vi,
        online_payment_amount_vnd as total,
        online_phi_vnd + online_le_phi_vnd as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_name_vi
    from period_payments
),

{% for measure, source, name_vi in [
    ('received', 'period_rates', 'hồ sơ tiếp nhận toàn tỉnh = tổng các cơ quan'),
    ('online', 'period_rates', 'hồ sơ trực tuyến toàn tỉnh = tổng các cơ quan'),
    ('online_payment_amount_vnd', 'period_payments', 'số tiền thanh toán trực tuyến toàn tỉnh = tổng các cơ quan'),
] -%}
period_province_{{ measure }} as (
    select
        'period_province_{{ measure }}_is_sum_of_agencies' || whole.check_suffix as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        whole.check_prefix_vi || '{{ name_vi }}' as total_name_vi,
        any_value(whole.{{ measure }}) as total,
        cast(sum(case when parts.entity_code <> 'unknown' then parts.{{ measure }} else 0 end) as bigint)
            as sum_of_classes,
        cast(sum(case when parts.entity_code = 'unknown' then parts.{{ measure }} else 0 end) as bigint)
            as residue,
        'Chưa xác định cơ quan' as residue_name_vi
    from {{ source }} as whole
    inner join {{ source }} as parts on whole.period_key = parts.period_key and parts.scope = 'agency'
    where whole.scope = 'province'
    group by
        whole.check_suffix,
        whole.check_prefix_vi,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi
),

{% endfor -%}

-- Only where a period is made of whole calendar months; the months count as they are published, closed ones as closed.
{% for measure, source, months, name_vi in [
    ('received', 'period_rates', 'rates', 'hồ sơ tiếp nhận = tổng các tháng'),
    ('online', 'period_rates', 'rates', 'hồ sơ trực tuyến = tổng các tháng'),
    ('online_payment_amount_vnd', 'period_payments', 'payments', 'số tiền thanh toán trực tuyến = tổng các tháng'),
] -%}
period_months_{{ measure }} as (
    select
        'period_{{ measure }}_is_sum_of_months' || whole.check_suffix as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        whole.check_prefix_vi || '{{ name_vi }}' as total_name_vi,
        any_value(whole.{{ measure }}) as total,
        cast(sum(months.{{ measure }}) as bigint) as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_name_vi
    from {{ source }} as whole
    inner join {{ months }} as months
        on
            whole.scope = months.scope
            and whole.entity_code = months.entity_code
            and months.month between whole.first_day and whole.last_day
    where extract(day from whole.first_day) = 1
    group by
        whole.check_suffix,
        whole.check_prefix_vi,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi
),

{% endfor -%}

computed as (
    {{ union_checks([
        'period_channels', 'period_levels', 'period_amounts', 'period_province_received', 'period_province_online',
        'period_province_online_payment_amount_vnd', 'period_months_received', 'period_months_online',
        'period_months_online_payment_amount_vnd',
    ]) }}
)

select * from computed
