-- One row per reporting period, arrangement (by_field, by_agency), scope (agency, group, province), entity and line of
-- form II.06a.
{% set measures = workload_columns() -%}
with workload as (select * from {{ ref('fct_workload') }}),

periods as (select * from {{ ref('dim_reporting_periods') }}),

filings as (select * from {{ ref('fct_filings') }}),

province as (select * from {{ ref('stg_province__province') }}),

judged as (select * from {{ ref('int_form_06a_agencies') }}),

stand_ins as (select * from {{ ref('ref_stand_in_names') }}),

-- What was received before the first file is not here, and no count of it can be.
history as (
    select min(file_month) as history_from from {{ ref('stg_landing__extracts') }}
    where entity = 'filings'
),

fields as (
    select
        coalesce(field_code, 'unknown') as field_code,
        field_name_vi
    from filings
    where field_name_vi is not null
    group by coalesce(field_code, 'unknown'), field_name_vi
    qualify {{ latest_by(["coalesce(field_code, 'unknown')"], 'count(*) desc, field_name_vi') }}
),

-- One row of zeros an agency, so that one that delivered and had nothing is 0; what did not come whole is NULL.
cells as (
    select
        judged.period_key,
        judged.agency_code,
        workload.field_code
        {%- for measure in measures %},
        case when judged.is_whole then workload.{{ measure }} end as {{ measure }}{% endfor %}
    from workload
    inner join judged on workload.period_key = judged.period_key and workload.agency_code = judged.agency_code

    union all

    select
        period_key,
        agency_code,
        cast(null as {{ dbt.type_string() }}) as field_code
        {%- for measure in measures %},
        cast(case when is_whole then 0 end as bigint) as {{ measure }}{% endfor %}
    from judged
),

members as (
    {{ roll_up('judged', names=['name_vi', 'name_en']) }}
),

entities as (
    select
        period_key,
        scope,
        entity_code,
        entity_name_vi,
        entity_name_en,
        entity_group_code as group_code,
        entity_order as official_order,
        sum(case when is_missing then 1 else 0 end) as missing_agencies,
        bool_or(is_history_short) as is_history_short,
        sum(quarantined_rows) as quarantined_rows,
        max(refused_months) as refused_months,
        {{ json_list(
            'case when is_missing then '
            ~ json_record({'code': 'agency_code', 'name_vi': 'name_vi', 'name_en': 'name_en'}) ~ ' end',
            'group_order, official_order, name_vi'
        ) }} as agencies_json
    from members
    group by
        period_key, scope, entity_code, entity_name_vi, entity_name_en, entity_group_code, entity_order
),

lines as (
    select
        members.period_key,
        members.scope,
        members.entity_code,
        arrangements.arrangement,
        arrangements.line_kind,
        case arrangements.line_kind
            when 'field' then cells.field_code
            when 'agency' then members.agency_code
            when 'group' then members.group_code
            else 'total'
        end as line_code,
        case arrangements.line_kind
            when 'field' then any_value(fields.field_name_vi)
            when 'agency' then any_value(members.name_vi)
            when 'group' then any_value(members.group_name_vi)
        end as line_name_vi,
        case arrangements.line_kind
            when 'agency' then any_value(members.name_en)
            when 'group' then any_value(members.group_name_en)
        end as line_name_en,
        case arrangements.line_kind
            when 'agency' then any_value(members.group_order) * 10000 + any_value(members.official_order)
            when 'group' then any_value(members.group_order) * 10000
            when 'total' then 1000000000
        end as official_line_order
        {%- for measure in measures %},
        cast(sum(cells.{{ measure }}) as bigint) as {{ measure }}{% endfor %}
    from cells
    inner join members on cells.period_key = members.period_key and cells.agency_code = members.agency_code
    left join fields on cells.field_code = fields.field_code
    inner join (
        values
        ('by_field', 'field'), ('by_field', 'total'), ('by_agency', 'group'), ('by_agency', 'agency'),
        ('by_agency', 'total')
    ) as arrangements (arrangement, line_kind)
        on
            (arrangements.line_kind <> 'field' or cells.field_code is not null)
            and (arrangements.line_kind <> 'group' or members.scope = 'province')
            and (arrangements.arrangement = 'by_field' or members.scope <> 'agency')
    group by
        members.period_key,
        members.scope,
        members.entity_code,
        arrangements.arrangement,
        arrangements.line_kind,
        case arrangements.line_kind
            when 'field' then cells.field_code
            when 'agency' then members.agency_code
            when 'group' then members.group_code
            else 'total'
        end
),

computed as (
    select
        lines.period_key,
        periods.calendar_id,
        periods.period_code,
        periods.kind,
        periods.name_vi as period_name_vi,
        periods.name_en as period_name_en,
        periods.calendar_name_vi,
        periods.calendar_name_en,
        periods.month,
        periods.first_day,
        periods.last_day,
        lines.arrangement,
        lines.scope,
        lines.entity_code,
        entities.entity_name_vi,
        entities.entity_name_en,
        entities.group_code,
        cast(entities.official_order as integer) as official_order,
        case when lines.line_kind = 'total' then 'total' else lines.line_kind || '/' || lines.line_code end as line_key,
        lines.line_kind,
        lines.line_code,
        coalesce(lines.line_name_vi, stand_ins.name_vi) as line_name_vi,
        case when lines.line_kind = 'total' then stand_ins.name_en else lines.line_name_en end as line_name_en,
        cast(
            row_number() over (
                partition by lines.period_key, lines.arrangement, lines.scope, lines.entity_code
                order by
                    case when lines.line_kind = 'total' then 1 else 0 end,
                    lines.official_line_order,
                    case when lines.line_kind = 'group' then 0 else 1 end,
                    lines.line_code
            ) as integer
        ) as line_order
        {%- for measure in measures %},
        lines.{{ measure }}{% endfor %},
        cast(entities.missing_agencies as bigint) as missing_agencies,
        entities.is_history_short,
        history.history_from,
        cast(entities.quarantined_rows as bigint) as quarantined_rows,
        {{ json_line([
            "case when periods.first_day < history.history_from then "
            ~ json_record({'id': "'begins_before_data'", 'day': 'history.history_from'})
            ~ " when periods.first_day = history.history_from then "
            ~ json_record({'id': "'begins_with_data'", 'day': 'history.history_from'})
            ~ " when entities.is_history_short then " ~ json_record({'id': "'earlier_month_missing'"}) ~ " end",
            'case when entities.agencies_json is not null then '
            ~ json_record({'id': "'missing_feed'", 'agencies': json_value('entities.agencies_json')}) ~ ' end',
            'case when entities.quarantined_rows > 0 then '
            ~ json_record({'id': "'quarantined_rows'", 'row_count': 'entities.quarantined_rows'}) ~ ' end',
            'case when entities.refused_months is not null then '
            ~ json_record({'id': "'refused_file_of_period'", 'month_count': 'entities.refused_months'}) ~ ' end',
        ]) }} as caveats_json
    from lines
    inner join entities
        on
            lines.period_key = entities.period_key
            and lines.scope = entities.scope
            and lines.entity_code = entities.entity_code
    inner join periods on lines.period_key = periods.period_key
    -- The total, and what has no field, have a name that no source gives.
    left join stand_ins
        on stand_ins.stand_in = case lines.line_kind when 'total' then 'total' when 'field' then 'unknown_field' end
    cross join history
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, period_key, arrangement, scope, official_order, entity_code, line_order
