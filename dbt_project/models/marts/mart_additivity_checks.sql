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

duties as (
    select * from {{ ref('mart_payment_duties') }}
    where received is not null
),

flag_gaps as (
    select
        month,
        scope,
        entity_code,
        sum(enters) - sum(leaves) as difference
    from {{ ref('mart_payment_flag_gaps') }}
    group by month, scope, entity_code
),

fees as (
    select
        month,
        scope,
        entity_code,
        sum(case when payment_kind = 'online' then unsplit_vnd end) as online_unsplit_vnd,
        sum(case when payment_kind <> 'not_given' then collected_amount_vnd else 0 end) as of_kinds_vnd,
        sum(case when payment_kind = 'not_given' then collected_amount_vnd else 0 end) as of_no_kind_vnd
        {%- for measure in [
            'collected_amount_vnd', 'phi_vnd', 'le_phi_vnd', 'unsplit_vnd', 'refund_amount_vnd', 'refund_phi_vnd',
            'refund_le_phi_vnd', 'refund_unsplit_vnd',
        ] %},
        sum({{ measure }}) as {{ measure }}{% endfor %}
    from {{ ref('mart_payment_fees') }}
    where collected_amount_vnd is not null
    group by month, scope, entity_code
),

banks as (
    select
        month,
        scope,
        entity_code,
        sum(case when bank_code <> 'not_given' then attempt_count else 0 end) as of_banks,
        sum(case when bank_code = 'not_given' then attempt_count else 0 end) as of_no_bank
    from {{ ref('mart_payment_banks') }}
    group by month, scope, entity_code
),

failures as (
    select
        month,
        scope,
        entity_code,
        sum(case when error_code <> 'not_given' then failed_count else 0 end) as of_codes,
        sum(case when error_code = 'not_given' then failed_count else 0 end) as of_no_code
    from {{ ref('mart_payment_failures') }}
    group by month, scope, entity_code
),

province as (select * from {{ ref('stg_province__province') }}),

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
        payments.month,
        payments.scope,
        payments.entity_code,
        payments.entity_name_vi,
        'Số tiền thanh toán trực tuyến = phí + lệ phí' as total_name_vi,
        payments.online_payment_amount_vnd as total,
        payments.online_phi_vnd + payments.online_le_phi_vnd as sum_of_classes,
        cast(coalesce(fees.online_unsplit_vnd, 0) as bigint) as residue,
        'Không tách phí, lệ phí' as residue_name_vi
    from payments
    left join fees on {{ share('payments', 'fees', ['month', 'scope', 'entity_code']) }}
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

{# A check of a row of duties: its id and name, the total, its classes, the residue and what the residue is called. #}
{% set of_duties = [
    (
        'received_is_with_and_without_fee', 'Hồ sơ tiếp nhận = có thu phí + không thu phí', 'received',
        'fee_bearing + no_fee', 'unknown_procedure', 'Thủ tục không có trong danh mục',
    ),
    (
        'fee_bearing_is_waived_and_due', 'Hồ sơ có thu phí = được miễn + có nghĩa vụ nộp', 'fee_bearing',
        'waived + with_duty', '0', none,
    ),
    (
        'duty_is_paid_and_not_paid',
        'Hồ sơ có nghĩa vụ nộp = nộp trực tuyến + nộp cách khác + chưa nộp + chưa có yêu cầu', 'with_duty',
        'paid_online + paid_otherwise + asked_not_paid + not_asked', '0', none,
    ),
] -%}
payment_duties as (
    {% for check_id, name_vi, total, classes, residue, residue_name_vi in of_duties -%}
    select
        '{{ check_id }}' as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        '{{ name_vi }}' as total_name_vi,
        {{ total }} as total,
        {{ classes }} as sum_of_classes,
        cast({{ residue }} as bigint) as residue,
        {% if residue_name_vi %}'{{ residue_name_vi }}'{% else %}cast(null as {{ dbt.type_string() }}){% endif %}
            as residue_name_vi
    from duties
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

payment_flags as (
    select
        'flagged_is_paid_online_and_reasons' as check_id,
        duties.month,
        duties.scope,
        duties.entity_code,
        duties.entity_name_vi,
        'Hồ sơ được đánh dấu đã thanh toán = nộp trực tuyến + chênh lệch theo nguyên nhân' as total_name_vi,
        duties.flagged_paid as total,
        cast(duties.paid_online + coalesce(flag_gaps.difference, 0) as bigint) as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_name_vi
    from duties
    left join flag_gaps on {{ share('duties', 'flag_gaps', ['month', 'scope', 'entity_code']) }}
),

province_duties as (
    select
        'province_duties_are_sum_of_agencies' as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        'Hồ sơ có nghĩa vụ nộp toàn tỉnh = tổng các cơ quan' as total_name_vi,
        any_value(whole.with_duty) as total,
        cast(sum(case when parts.entity_code <> 'unknown' then parts.with_duty else 0 end) as bigint) as sum_of_classes,
        cast(sum(case when parts.entity_code = 'unknown' then parts.with_duty else 0 end) as bigint) as residue,
        'Chưa xác định cơ quan' as residue_name_vi
    from duties as whole
    inner join duties as parts on whole.month = parts.month and parts.scope = 'agency'
    where whole.scope = 'province'
    group by whole.month, whole.scope, whole.entity_code, whole.entity_name_vi
),

{# Held against mart_payments, whose figures they part. #}
{% set of_payments = [
    (
        'payments_are_kinds', 'fees', 'Số tiền đã thu = tổng các hình thức thanh toán',
        'payments.online_payment_amount_vnd + payments.other_payment_amount_vnd', 'of_kinds_vnd', 'of_no_kind_vnd',
        'Không rõ hình thức',
    ),
    (
        'collected_amount_is_phi_and_le_phi', 'fees', 'Số tiền đã thu mọi hình thức = phí + lệ phí',
        'fees.collected_amount_vnd', 'phi_vnd + fees.le_phi_vnd', 'unsplit_vnd', 'Không tách phí, lệ phí',
    ),
    (
        'refund_amount_is_phi_and_le_phi', 'fees', 'Số tiền đã hoàn mọi hình thức = phí + lệ phí',
        'fees.refund_amount_vnd', 'refund_phi_vnd + fees.refund_le_phi_vnd', 'refund_unsplit_vnd',
        'Không tách phí, lệ phí',
    ),
    (
        'attempts_are_banks', 'banks', 'Giao dịch thanh toán = tổng các ngân hàng', 'payments.attempt_count',
        'of_banks', 'of_no_bank', 'Không ghi ngân hàng',
    ),
    (
        'failed_attempts_are_error_codes', 'failures', 'Giao dịch thất bại = tổng các mã lỗi',
        'payments.attempt_failed_count', 'of_codes', 'of_no_code', 'Không có mã lỗi',
    ),
] -%}
payment_parts as (
    {% for check_id, part, name_vi, total, classes, residue, residue_name_vi in of_payments -%}
    select
        '{{ check_id }}' as check_id,
        payments.month,
        payments.scope,
        payments.entity_code,
        payments.entity_name_vi,
        '{{ name_vi }}' as total_name_vi,
        cast({{ total }} as bigint) as total,
        cast(coalesce({{ part }}.{{ classes }}, 0) as bigint) as sum_of_classes,
        cast(coalesce({{ part }}.{{ residue }}, 0) as bigint) as residue,
        '{{ residue_name_vi }}' as residue_name_vi
    from payments
    {{ 'inner' if total.startswith(part) else 'left' }} join {{ part }}
        on {{ share('payments', part, ['month', 'scope', 'entity_code']) }}
    {% if part != 'fees' %}where payments.attempt_count is not null
    {% endif %}
    {%- if not loop.last %}union all
    {% endif %}
    {%- endfor %}
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

unioned as (
    {% set checks = [
        'channels', 'levels', 'group_received', 'group_online', 'province_received', 'province_online', 'amounts',
        'province_payments', 'to_date', 'attempts', 'services', 'connections',
        'payment_duties', 'payment_flags', 'province_duties', 'payment_parts',
        'period_channels', 'period_levels', 'period_amounts', 'period_province_received', 'period_province_online',
        'period_province_online_payment_amount_vnd', 'period_months_received', 'period_months_online',
        'period_months_online_payment_amount_vnd',
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
