-- One row per check, month, scope, entity, calendar and kind of period: the columns of form II.06a.
-- What did not come is NULL and has no parts: its feeds are named in mart_feeds and mart_caveats.
{% set columns = [
    'workload_total', 'received_online', 'received_other', 'carried_in', 'resolved_total', 'resolved_early',
    'resolved_on_time', 'resolved_late', 'pending_total', 'pending_in_time', 'pending_overdue',
] -%}
{% set form = ['calendar_id', 'kind', 'month', 'scope', 'entity_code'] -%}
with form_lines as (
    select
        *,
        line_code in ('unknown', 'unallocated') as is_unassigned
    from {{ ref('mart_form_06a') }}
    where workload_total is not null
),

-- Within each line of a form, by field or by agency. Where all lines hold, the total line is shown.
{% for check_id, total, classes in [
    ('period_form_06a_workload_total_is_new_and_carried_in', 'workload_total', 'received_online + received_other + carried_in'),
    ('period_form_06a_resolved_total_is_early_on_time_late', 'resolved_total', 'resolved_early + resolved_on_time + resolved_late'),
    ('period_form_06a_pending_total_is_in_time_and_overdue', 'pending_total', 'pending_in_time + pending_overdue'),
    ('period_form_06a_workload_total_is_resolved_and_pending', 'workload_total', 'resolved_total + pending_total'),
] -%}
within_lines_{{ loop.index }} as (
    select
        '{{ check_id }}' as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        line_key as part_id,
        {{ check_period() }},
        {{ total }} as total,
        {{ classes }} as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_id
    from form_lines
    qualify {{ first_unexplained(form, "arrangement desc, line_kind <> 'total', line_order") }}
),

{% endfor -%}

-- Every column of the total line beside the lines; those of groups are sums themselves.
form_sums as (
    {% for column in columns -%}
    select
        arrangement,
        month,
        scope,
        entity_code,
        entity_name_vi,
        '{{ column }}' as part_id,
        {{ check_period() }},
        cast(sum(case when line_kind = 'total' then {{ column }} end) as bigint) as total,
        cast(
            sum(case when line_kind in ('field', 'agency') and not is_unassigned then {{ column }} else 0 end)
            as bigint
        ) as sum_of_classes,
        cast(
            sum(case when line_kind in ('field', 'agency') and is_unassigned then {{ column }} else 0 end)
            as bigint
        ) as residue,
        case arrangement when 'by_field' then 'unknown_field' else 'unknown_agency' end as residue_id,
        {{ loop.index }} as column_order
    from form_lines
    group by arrangement, month, scope, entity_code, entity_name_vi, {{ check_period() }}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

{# One check of columns 3 and 11 each, and one of all columns. #}
{% for check_id, arrangement, parts in [
    ('period_form_06a_workload_total_is_sum_by_field', 'by_field', "('workload_total')"),
    ('period_form_06a_pending_total_is_sum_by_field', 'by_field', "('pending_total')"),
    ('period_form_06a_columns_are_sum_by_field', 'by_field', none),
    ('period_form_06a_workload_total_is_sum_by_agency', 'by_agency', "('workload_total')"),
    ('period_form_06a_pending_total_is_sum_by_agency', 'by_agency', "('pending_total')"),
    ('period_form_06a_columns_are_sum_by_agency', 'by_agency', none),
] -%}
over_lines_{{ loop.index }} as (
    select
        '{{ check_id }}' as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        part_id,
        {{ check_period() }},
        total,
        sum_of_classes,
        residue,
        residue_id
    from form_sums
    where arrangement = '{{ arrangement }}'{% if parts %} and part_id in {{ parts }}{% endif %}
    {% if not parts %}qualify {{ first_unexplained(form, 'column_order') }}
    {% endif -%}
),

{% endfor -%}

computed as (
    {{ union_checks([
        'within_lines_1', 'within_lines_2', 'within_lines_3', 'within_lines_4', 'over_lines_1', 'over_lines_2',
        'over_lines_3', 'over_lines_4', 'over_lines_5', 'over_lines_6',
    ], subjects=['part_id', 'calendar_id', 'kind', 'period_name_vi', 'period_name_en', 'calendar_name_vi', 'calendar_name_en']) }}
)

select * from computed
