-- One row per check, month, scope and entity: the columns of form II.06a, for each calendar and kind of period.
-- What did not come is NULL and has no parts: its feeds are named in mart_feeds and mart_caveats.
with form_lines as (
    select
        *,
        '/' || calendar_id || '/' || kind as check_suffix,
        line_code in ('unknown', 'unallocated') as is_unassigned,
        'Biểu II.06a, ' || period_name_vi || ' (' || lower(calendar_name_vi) || '): ' as check_prefix_vi
    from {{ ref('mart_form_06a') }}
    where workload_total is not null
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

computed as (
    {{ union_checks([
        'form_new_and_carried_in', 'form_early_on_time_late', 'form_in_time_and_overdue', 'form_resolved_and_pending',
        'form_workload_total_by_field', 'form_pending_total_by_field', 'form_workload_total_by_agency',
        'form_pending_total_by_agency',
    ]) }}
)

select * from computed
