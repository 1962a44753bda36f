-- One row per check, month, scope and entity: a published total beside the sum of what it is made of.
-- What did not come is NULL and has no parts: its feeds are named in mart_feeds and mart_caveats.
with rates as (
    select * from {{ ref('mart_online_rates') }}
    where received is not null
),

payments as (
    select * from {{ ref('mart_payments') }}
    where online_payment_count is not null
),

coverage as (
    select * from {{ ref('mart_catalogue_coverage') }}
    where services_total is not null
),

form_lines as (
    select
        *,
        '/' || calendar_id || '/' || kind as check_suffix,
        line_code in ('unknown', 'unallocated') as is_unassigned,
        'Biểu II.06a, ' || period_name_vi || ' (' || lower(calendar_name_vi) || '): ' as check_prefix_vi
    from {{ ref('mart_form_06a') }}
    where workload_total is not null
),

province as (select * from {{ ref('stg_province__province') }}),

channels as (
    select
        'received_is_direct_online_postal' as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        'Hồ sơ tiếp nhận = trực tiếp + trực tuyến + bưu chính' as total_name_vi,
        received as total,
        direct + online + postal as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_name_vi
    from rates
),

levels as (
    select
        'online_is_levels_and_residue' as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        'Hồ sơ trực tuyến = mức độ 3 + mức độ 4 + không phân mức' as total_name_vi,
        online as total,
        online_level_3 + online_level_4 as sum_of_classes,
        online_no_level as residue,
        'Không phân mức' as residue_name_vi
    from rates
),

{% for measure, name_vi in [
    ('received', 'Hồ sơ tiếp nhận của khối = tổng các cơ quan'),
    ('online', 'Hồ sơ trực tuyến của khối = tổng các cơ quan'),
] -%}
group_{{ measure }} as (
    select
        'group_{{ measure }}_is_sum_of_agencies' as check_id,
        group_rates.month,
        group_rates.scope,
        group_rates.entity_code,
        group_rates.entity_name_vi,
        '{{ name_vi }}' as total_name_vi,
        any_value(group_rates.{{ measure }}) as total,
        cast(sum(agency_rates.{{ measure }}) as bigint) as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_name_vi
    from rates as group_rates
    inner join rates as agency_rates
        on
            group_rates.month = agency_rates.month
            and group_rates.group_code = agency_rates.group_code
            and agency_rates.scope = 'agency'
    where group_rates.scope = 'group'
    group by group_rates.month, group_rates.scope, group_rates.entity_code, group_rates.entity_name_vi
),

{% endfor -%}

-- What no known group holds is the residue "chưa xác định": counted, named, in the province's total.
{% for measure, name_vi in [
    ('received', 'Hồ sơ tiếp nhận toàn tỉnh = tổng các khối'),
    ('online', 'Hồ sơ trực tuyến toàn tỉnh = tổng các khối'),
] -%}
province_{{ measure }} as (
    select
        'province_{{ measure }}_is_sum_of_groups' as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        '{{ name_vi }}' as total_name_vi,
        any_value(whole.{{ measure }}) as total,
        cast(sum(case when group_rates.entity_code <> 'unknown' then group_rates.{{ measure }} else 0 end) as bigint)
            as sum_of_classes,
        cast(sum(case when group_rates.entity_code = 'unknown' then group_rates.{{ measure }} else 0 end) as bigint)
            as residue,
        'Chưa xác định cơ quan' as residue_name_vi
    from rates as whole
    inner join rates as group_rates on whole.month = group_rates.month and group_rates.scope = 'group'
    where whole.scope = 'province'
    group by whole.month, whole.scope, whole.entity_code, whole.entity_name_vi
),

{% endfor -%}

amounts as (
    select
        'payment_amount_is_phi_and_le_phi' as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        'Số tiền thanh toán trực tuyến = phí + lệ phí' as total_name_vi,
        online_payment_amount_vnd as total,
        online_phi_vnd + online_le_phi_vnd as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_name_vi
    from payments
),

province_payments as (
    select
        'province_payments_are_sum_of_agencies' as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        'Số tiền thanh toán trực tuyến toàn tỉnh = tổng các cơ quan' as total_name_vi,
        any_value(whole.online_payment_amount_vnd) as total,
        cast(
            sum(case when parts.entity_code <> 'unknown' then parts.online_payment_amount_vnd else 0 end)
            as bigint
        ) as sum_of_classes,
        cast(
            sum(case when parts.entity_code = 'unknown' then parts.online_payment_amount_vnd else 0 end)
            as bigint
        ) as residue,
        'Chưa xác định cơ quan' as residue_name_vi
    from payments as whole
    inner join payments as parts on whole.month = parts.month and parts.scope = 'agency'
    where whole.scope = 'province'
    group by whole.month, whole.scope, whole.entity_code, whole.entity_name_vi
),

to_date as (
    select
        'payments_to_date_are_sum_of_months' as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        'Số giao dịch lũy kế từ đầu năm = tổng các tháng' as total_name_vi,
        any_value(whole.ytd_online_payment_count) as total,
        cast(sum(months.online_payment_count) as bigint) as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_name_vi
    from payments as whole
    inner join payments as months
        on
            whole.scope = months.scope
            and whole.entity_code = months.entity_code
            and months.month between date_trunc('year', whole.month) and whole.month
    where whole.ytd_online_payment_count is not null
    group by whole.month, whole.scope, whole.entity_code, whole.entity_name_vi
),

attempts as (
    select
        'attempts_are_success_failed_open' as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        'Giao dịch thanh toán = thành công + thất bại + khởi tạo' as total_name_vi,
        attempt_count as total,
        attempt_success_count + attempt_failed_count + attempt_open_count as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_name_vi
    from payments
    where attempt_count is not null
),

services as (
    select
        'services_are_levels_and_others' as check_id,
        coverage.month,
        'province' as scope,
        province.province_code as entity_code,
        province.name_vi as entity_name_vi,
        'Dịch vụ = mức độ 3 + mức độ 4 + dưới mức độ 3' as total_name_vi,
        coverage.services_total as total,
        coverage.services_level_3 + coverage.services_level_4 as sum_of_classes,
        coverage.services_other_level as residue,
        'Dưới mức độ 3' as residue_name_vi
    from coverage
    cross join province
),

connections as (
    select
        'online_services_are_connected_and_not' as check_id,
        coverage.month,
        'province' as scope,
        province.province_code as entity_code,
        province.name_vi as entity_name_vi,
        'Dịch vụ mức độ 3 và 4 = đã kết nối + chưa kết nối Cổng Dịch vụ công quốc gia' as total_name_vi,
        coverage.online_services as total,
        coverage.connected_services + coverage.not_connected_services as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_name_vi
    from coverage
    cross join province
),

-- Form II.06a by periods: one check for each calendar and kind of period that ends in the month.
{% for check, total, classes, name_vi in [
    ('new_and_carried_in', 'workload_total', 'received_online + received_other + carried_in', 'cột 3 = 4 + 5 + 6'),
    ('early_on_time_late', 'resolved_total', 'resolved_early + resolved_on_time + resolved_late', 'cột 7 = 8 + 9 + 10'),
    ('in_time_and_overdue', 'pending_total', 'pending_in_time + pending_overdue', 'cột 11 = 12 + 13'),
    ('resolved_and_pending', 'workload_total', 'resolved_total + pending_total', 'cột 3 = 7 + 11'),
] -%}
form_{{ check }} as (
    select
        'period_form_06a_{{ total }}_is_{{ check }}' || check_suffix as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        check_prefix_vi || '{{ name_vi }}' as total_name_vi,
        {{ total }} as total,
        {{ classes }} as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_name_vi
    from form_lines
    where arrangement = 'by_field' and line_kind = 'total'
),

{% endfor -%}

{% for measure, kind, arrangement, name_vi, residue_name_vi in [
    ('workload_total', 'field', 'by_field', 'cột 3 = tổng các lĩnh vực', 'Chưa xác định lĩnh vực'),
    ('pending_total', 'field', 'by_field', 'cột 11 = tổng các lĩnh vực', 'Chưa xác định lĩnh vực'),
    ('workload_total', 'agency', 'by_agency', 'cột 3 = tổng các cơ quan', 'Chưa xác định cơ quan'),
    ('pending_total', 'agency', 'by_agency', 'cột 11 = tổng các cơ quan', 'Chưa xác định cơ quan'),
] -%}
form_{{ measure }}_by_{{ kind }} as (
    select
        'period_form_06a_{{ measure }}_is_sum_by_{{ kind }}' || check_suffix as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        check_prefix_vi || '{{ name_vi }}' as total_name_vi,
        cast(sum(case when line_kind = 'total' then {{ measure }} end) as bigint) as total,
        cast(
            sum(case when line_kind = '{{ kind }}' and not is_unassigned then {{ measure }} else 0 end) as bigint
        ) as sum_of_classes,
        cast(
            sum(case when line_kind = '{{ kind }}' and is_unassigned then {{ measure }} else 0 end) as bigint
        ) as residue,
        '{{ residue_name_vi }}' as residue_name_vi
    from form_lines
    where arrangement = '{{ arrangement }}'
    group by check_suffix, check_prefix_vi, month, scope, entity_code, entity_name_vi
),

{% endfor -%}

unioned as (
    {% set checks = [
        'form_new_and_carried_in', 'form_early_on_time_late', 'form_in_time_and_overdue', 'form_resolved_and_pending',
        'form_workload_total_by_field', 'form_pending_total_by_field', 'form_workload_total_by_agency',
        'form_pending_total_by_agency',
        'channels', 'levels', 'group_received', 'group_online', 'province_received', 'province_online', 'amounts',
        'province_payments', 'to_date', 'attempts', 'services', 'connections',
    ] -%}
    {% for check in checks -%}
    select * from {{ check }}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

computed as (
    select
        check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        total_name_vi,
        total,
        sum_of_classes,
        residue,
        residue_name_vi,
        total - sum_of_classes - residue as unexplained
    from unioned
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by check_id, month, scope, entity_code
