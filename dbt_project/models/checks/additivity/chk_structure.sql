-- One row per check, month, scope and entity: figures under the newest structure and by vocabularies of service levels.
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
    select
        *,
        '/' || calendar_id || '/' || kind as check_suffix,
        'Biểu II.06a, ' || period_name_vi || ' (' || lower(calendar_name_vi) || '): ' as check_prefix_vi
    from {{ ref('mart_form_06a') }}
    where arrangement = 'by_agency' and scope = 'province' and line_kind = 'total' and workload_total is not null
),

restated_form as (select * from {{ ref('mart_form_06a_restated') }}),

-- Each vocabulary has a check of its own.
{% for measure, name_vi in [('received', 'Hồ sơ tiếp nhận'), ('online', 'Hồ sơ trực tuyến')] -%}
service_level_{{ measure }} as (
    select
        '{{ measure }}_is_' || levels.vocabulary_id || '_v' || levels.version as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        case
            when levels.vocabulary_id = 'source_levels'
                then '{{ name_vi }} = tổng theo mức độ như nguồn ghi + không phân mức'
            else '{{ name_vi }} = tổng theo loại dịch vụ công + không phân loại'
        end as total_name_vi,
        any_value(whole.{{ measure }}) as total,
        cast(sum(case when levels.is_residue then 0 else levels.{{ measure }} end) as bigint) as sum_of_classes,
        cast(sum(case when levels.is_residue then levels.{{ measure }} else 0 end) as bigint) as residue,
        'Không phân mức, chưa quy đổi, ngoài thời gian áp dụng' as residue_name_vi
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
{% for measure, was, restated, name_vi in [
    ('received', 'rates', 'restated_rates', 'Hồ sơ tiếp nhận'),
    ('online', 'rates', 'restated_rates', 'Hồ sơ trực tuyến'),
    ('online_payment_count', 'payments', 'restated_payments', 'Số giao dịch thanh toán trực tuyến'),
    ('online_payment_amount_vnd', 'payments', 'restated_payments', 'Số tiền thanh toán trực tuyến'),
    ('with_duty', 'duties', 'restated_duties', 'Hồ sơ có nghĩa vụ nộp'),
    ('paid_online', 'duties', 'restated_duties', 'Hồ sơ nộp trực tuyến'),
] -%}
restated_{{ measure }} as (
    select
        'restated_{{ measure }}_is_as_was' as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        '{{ name_vi }} toàn tỉnh = tổng các cơ quan theo cơ cấu mới nhất' as total_name_vi,
        any_value(whole.{{ measure }}) as total,
        cast(
            sum(case when parts.entity_code not in ('unknown', 'unallocated') then parts.{{ measure }} else 0 end)
            as bigint
        ) as sum_of_classes,
        cast(
            sum(case when parts.entity_code in ('unknown', 'unallocated') then parts.{{ measure }} else 0 end)
            as bigint
        ) as residue,
        'Chưa quy đổi được, chưa xác định cơ quan' as residue_name_vi
    from {{ was }} as whole
    inner join {{ restated }} as parts on whole.month = parts.month and parts.scope = 'agency'
    where whole.scope = 'province'
    group by whole.month, whole.scope, whole.entity_code, whole.entity_name_vi
),

{% endfor -%}

{% for measure, name_vi in [('workload_total', 'cột 3'), ('pending_total', 'cột 11')] -%}
restated_form_{{ measure }} as (
    select
        'period_restated_{{ measure }}_is_as_was' || whole.check_suffix as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        whole.check_prefix_vi || '{{ name_vi }} = tổng các cơ quan theo cơ cấu mới nhất' as total_name_vi,
        any_value(whole.{{ measure }}) as total,
        cast(
            sum(case when parts.entity_code not in ('unknown', 'unallocated') then parts.{{ measure }} else 0 end)
            as bigint
        ) as sum_of_classes,
        cast(
            sum(case when parts.entity_code in ('unknown', 'unallocated') then parts.{{ measure }} else 0 end)
            as bigint
        ) as residue,
        'Chưa quy đổi được, chưa xác định cơ quan' as residue_name_vi
    from form_totals as whole
    inner join restated_form as parts on whole.period_key = parts.period_key and parts.scope = 'agency'
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
        'service_level_received', 'service_level_online',
        'restated_received', 'restated_online', 'restated_online_payment_count', 'restated_online_payment_amount_vnd',
        'restated_with_duty', 'restated_paid_online', 'restated_form_workload_total', 'restated_form_pending_total',
    ]) }}
)

select * from computed
