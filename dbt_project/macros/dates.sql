{# What a record's dates are held against; which figure each rule guards stands in docs/decisions/0030-dates.md. `limits` is
   the row of int_date_limits of the extract, `extracts` the extract itself. #}

{# WHEN branches for dates that cannot be: before the first day of the province, or after the file was fetched. `dates`
   names columns by what they are called in a reason; `plans` are dates that may lie in the future. #}
{% macro impossible_dates(table, dates, plans={}) -%}
    {%- for name, column in (dates.items() | list) + (plans.items() | list) %}
    when {{ table }}.{{ column }} < limits.first_day then '{{ name }}_before_first_day'
    {%- endfor %}
    {%- for name, column in dates.items() %}
    when {{ table }}.{{ column }} > extracts.fetched_at then '{{ name }}_in_the_future'
    {%- endfor %}
{%- endmacro %}

{# Whether one moment lies further before another than a limit in hours allows. #}
{% macro is_too_far_before(column, other_column, hours) -%}
    (
        {{ is_before(column, other_column) }}
        and {{ column }} < {{ dbt.dateadd('hour', '-cast(coalesce(' ~ hours ~ ', 0) as integer)', other_column) }}
    )
{%- endmacro %}

{# Whether one moment lies on a day that is more days after another's than a limit allows. #}
{% macro is_days_after(column, other_column, days) -%}
    cast({{ column }} as date)
    > cast({{ dbt.dateadd('day', 'cast(' ~ days ~ ' as integer)', 'cast(' ~ other_column ~ ' as date)') }} as date)
{%- endmacro %}

{# Ids of defects, comma-separated, or NULL. `defects` maps an id to the condition of a row that has it. #}
{% macro listed_defects(defects) -%}
    nullif(
        concat_ws(
            ', ',
            {%- for defect, condition in defects.items() %}
            case when {{ condition }} then '{{ defect }}' end{{ "," if not loop.last }}
            {%- endfor %}
        ),
        ''
    )
{%- endmacro %}

{# Whether a list of defects names one; no id is part of another's. #}
{% macro has_defect(column, defect) -%}
    coalesce({{ column }} like '%{{ defect }}%', false)
{%- endmacro %}

{# The limits of dates, as the columns of int_date_limits; the seed ref_date_limits gives values and reasons. #}
{% macro date_limit_ids() -%}
    {% do return([
        'submitted_after_received_hours', 'finished_before_received_hours', 'returned_before_finished_hours',
        'due_after_received_days', 'requested_after_paid_hours', 'paid_after_requested_days',
        'refunded_before_paid_hours', 'attempted_before_requested_days', 'success_off_payment_days',
        'procedure_starts_year', 'procedure_announced_days',
    ]) %}
{%- endmacro %}

{# Whether any of the codes has no code's form; the view of landing has put this word in its place (dvctt.core.contract). #}
{% macro is_unlisted(table, columns) -%}
    {% for column in columns -%}
    coalesce(upper({{ table }}.{{ column }}) = 'UNLISTED', false){{ " or " if not loop.last }}
    {%- endfor %}
{%- endmacro %}
