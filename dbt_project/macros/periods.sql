{# Figures of reporting periods, the same way for filings and for payments. #}

{# One row per month from that of one day to that of another, both included; none where the last lies before the first.
   What lies between two days is joined to other months by equality then: an inequality compares every month with every
   month. #}
{% macro each_month(first_day, last_day) -%}
    cast(
            unnest(
                generate_series(
                    date_trunc('month', {{ first_day }}), date_trunc('month', {{ last_day }}), interval 1 month
                )
            ) as date
        )
{%- endmacro %}

{# The same of whole numbers. #}
{% macro each_number(first, last) -%}
    unnest(generate_series({{ first }}, {{ last }}))
{%- endmacro %}

{# The calendar months that each row of `periods` touches. #}
{% macro select_period_months() -%}
    select
        period_key,
        calendar_id,
        first_day,
        last_day,
        {{ each_month('first_day', 'last_day') }} as month
    from periods
{%- endmacro %}

{# Figures of days, summed by the periods that begin within a month: `by_day` has happened_on, month, agency_code and
   the measures. #}
{% macro sum_days_of_periods(by_day, measures) -%}
    select
        period_months.period_key,
        {{ by_day }}.month,
        {{ by_day }}.agency_code{% for measure in measures %},
        sum({{ by_day }}.{{ measure }}) as {{ measure }}{% endfor %}
    from {{ by_day }}
    inner join period_months
        on
            {{ by_day }}.month = period_months.month
            and {{ by_day }}.happened_on between period_months.first_day and period_months.last_day
    where extract(day from period_months.first_day) > 1
    group by period_months.period_key, {{ by_day }}.month, {{ by_day }}.agency_code
{%- endmacro %}

{# CTEs that add a period's figures up, the last being `summed`: one row per period, scope and entity. They read
   `periods` (dim_reporting_periods), `period_months` (select_period_months), `monthly` (a mart's rows of agencies by calendar
   month: month, agency_code, entity_name_vi, group_code, official_order, is_present, measures), `daily` (period_key, month,
   agency_code, measures: counted from facts within the period's days), `agencies`, `province` and `caveats`.

   A period of calendar months is the sum of the months as the mart shows them, frozen ones included; any other one is
   counted by the day. A figure is there when every month that the period touches came from every agency of the entity:
   a part must not look like the whole. #}
{% macro sum_periods(measures) -%}
held_months as (
    select distinct month from monthly
),

{# A month that begins after the 1st lies in two calendar months. -#}
touched as (
    select
        periods.period_key,
        periods.month_count
        + case when extract(day from periods.first_day) > 1 then 1 else 0 end as months_touched,
        count(held_months.month) as months_held
    from periods
    left join period_months on periods.period_key = period_months.period_key
    left join held_months on period_months.month = held_months.month
    group by periods.period_key, periods.month_count, periods.first_day
),

agencies_in_force as (
    select distinct
        periods.period_key,
        agencies.agency_code
    from periods
    inner join agencies
        on
            coalesce(agencies.valid_from <= periods.last_day, true)
            and coalesce(agencies.valid_to >= periods.first_day, true)
),

regular_months as (
    select
        periods.period_key,
        monthly.month,
        monthly.agency_code,
        monthly.entity_name_vi,
        monthly.group_code,
        monthly.official_order,
        monthly.is_present{% for measure in measures %},
        case
            when extract(day from periods.first_day) = 1 then monthly.{{ measure }}
            when monthly.is_present then coalesce(daily.{{ measure }}, 0)
        end as {{ measure }}{% endfor %}
    from period_months as periods
    inner join monthly on periods.month = monthly.month
    left join agencies_in_force
        on
            periods.period_key = agencies_in_force.period_key
            and monthly.agency_code = agencies_in_force.agency_code
    left join daily
        on
            periods.period_key = daily.period_key
            and monthly.month = daily.month
            and monthly.agency_code = daily.agency_code
    where
        extract(day from periods.first_day) = 1
        or agencies_in_force.agency_code is not null
        or daily.agency_code is not null
),

{# What the facts hold of an agency that the month has no row of, such as one that was not known when it was closed. -#}
stray_months as (
    select
        daily.period_key,
        daily.month,
        daily.agency_code,
        agencies.name_vi as entity_name_vi,
        agencies.group_code,
        agencies.official_order,
        true as is_present{% for measure in measures %},
        daily.{{ measure }}{% endfor %}
    from daily
    inner join periods on daily.period_key = periods.period_key
    inner join held_months on daily.month = held_months.month
    inner join agencies on daily.agency_code = agencies.agency_code
    left join monthly on daily.month = monthly.month and daily.agency_code = monthly.agency_code
    where monthly.agency_code is null and extract(day from periods.first_day) > 1
    qualify {{ latest_by(['daily.period_key', 'daily.month', 'daily.agency_code'], 'agencies.valid_from desc') }}
),

agency_months as (
    select * from regular_months
    union all
    select * from stray_months
),

groups as (
    select
        group_code,
        max(group_name_vi) as group_name_vi,
        max(group_order) as group_order
    from agencies
    group by group_code
),

scoped_months as (
    {{ roll_up('agency_months') }}
),

{# Name, group and place as they were in the newest month of the period. -#}
entities as (
    select
        scoped_months.period_key,
        scoped_months.scope,
        scoped_months.entity_code,
        case scoped_months.scope
            when 'agency' then scoped_months.entity_name_vi
            when 'group' then coalesce(groups.group_name_vi, scoped_months.group_code)
            else province.name_vi
        end as entity_name_vi,
        case when scoped_months.scope <> 'province' then scoped_months.group_code end as group_code,
        case scoped_months.scope
            when 'agency' then scoped_months.official_order
            when 'group' then coalesce(groups.group_order, scoped_months.official_order)
            else 0
        end as official_order
    from scoped_months
    cross join province
    left join groups on scoped_months.group_code = groups.group_code
    qualify
        {{ latest_by(
            ['scoped_months.period_key', 'scoped_months.scope', 'scoped_months.entity_code'],
            'scoped_months.month desc, scoped_months.official_order, scoped_months.agency_code'
        ) }}
),

counted_months as (
    select
        scoped_months.period_key,
        scoped_months.scope,
        scoped_months.entity_code,
        touched.months_touched - touched.months_held as unheld_months,
        count(distinct scoped_months.month) + touched.months_touched - touched.months_held as months_expected,
        count(distinct scoped_months.month)
        - count(distinct case when not scoped_months.is_present then scoped_months.month end) as months_present,
        count(distinct nullif(scoped_months.agency_code, 'unknown')) as agency_count,
        case
            when touched.months_touched > touched.months_held
                then count(distinct nullif(scoped_months.agency_code, 'unknown'))
            else count(distinct case when not scoped_months.is_present then scoped_months.agency_code end)
        end as missing_agencies{% for measure in measures %},
        sum(scoped_months.{{ measure }}) as {{ measure }}{% endfor %}
    from scoped_months
    inner join touched on scoped_months.period_key = touched.period_key
    group by
        scoped_months.period_key,
        scoped_months.scope,
        scoped_months.entity_code,
        touched.months_touched,
        touched.months_held
),

missing_agency_names as (
    select distinct
        scope,
        entity_code,
        period_key,
        agency_code,
        entity_name_vi
    from scoped_months
    where not is_present
),

missing_names as (
    select
        period_key,
        scope,
        entity_code,
        {{ json_list(json_record({'code': 'agency_code', 'name_vi': 'entity_name_vi'}), 'entity_name_vi, agency_code') }} as agencies_json
    from missing_agency_names
    group by period_key, scope, entity_code
),

set_aside as (
    select
        period_months.period_key,
        caveats.scope,
        caveats.entity_code,
        sum(caveats.row_count) as quarantined_rows
    from period_months
    inner join caveats on period_months.month = caveats.month
    where caveats.caveat_id = 'quarantined_rows'
    group by period_months.period_key, caveats.scope, caveats.entity_code
),

without_files as (
    select
        period_months.period_key,
        caveats.scope,
        caveats.entity_code,
        count(distinct caveats.month) as refused_months
    from period_months
    inner join caveats on period_months.month = caveats.month
    where caveats.caveat_id = 'refused_file'
    group by period_months.period_key, caveats.scope, caveats.entity_code
),

summed as (
    select
        periods.period_key,
        periods.calendar_id,
        periods.period_code,
        periods.kind,
        periods.year,
        periods.month,
        periods.first_day,
        periods.last_day,
        periods.name_vi as period_name_vi,
        periods.name_en as period_name_en,
        periods.calendar_name_vi,
        periods.calendar_name_en,
        counted_months.scope,
        counted_months.entity_code,
        entities.entity_name_vi,
        entities.group_code,
        cast(entities.official_order as integer) as official_order,
        cast(counted_months.months_expected as integer) as months_expected,
        cast(counted_months.months_present as integer) as months_present,
        cast(counted_months.agency_count as bigint) as agency_count,
        cast(counted_months.missing_agencies as bigint) as missing_agencies{% for measure in measures %},
        cast(
            case when counted_months.months_present = counted_months.months_expected then counted_months.{{ measure }} end
            as bigint
        ) as {{ measure }}{% endfor %},
        cast(coalesce(set_aside.quarantined_rows, 0) as bigint) as quarantined_rows,
        {{ json_line([
            'case when counted_months.unheld_months > 0 then '
            ~ json_record({'id': "'missing_months'", 'month_count': 'counted_months.unheld_months'}) ~ ' end',
            'case when missing_names.agencies_json is not null then '
            ~ json_record({'id': "'missing_feed'", 'agencies': json_value('missing_names.agencies_json')}) ~ ' end',
            'case when set_aside.quarantined_rows is not null then '
            ~ json_record({'id': "'quarantined_rows_of_period'", 'row_count': 'set_aside.quarantined_rows'}) ~ ' end',
            'case when without_files.refused_months is not null then '
            ~ json_record({'id': "'refused_file_of_period'", 'month_count': 'without_files.refused_months'}) ~ ' end',
        ]) }} as caveats_json
    from counted_months
    inner join periods on counted_months.period_key = periods.period_key
    inner join entities
        on {{ share('counted_months', 'entities', ['period_key', 'scope', 'entity_code']) }}
    left join missing_names
        on {{ share('counted_months', 'missing_names', ['period_key', 'scope', 'entity_code']) }}
    left join set_aside
        on {{ share('counted_months', 'set_aside', ['period_key', 'scope', 'entity_code']) }}
    left join without_files
        on {{ share('counted_months', 'without_files', ['period_key', 'scope', 'entity_code']) }}
)
{%- endmacro %}
