{# The columns of form II.06a (domain notes §4), each with the condition that a filing meets to be counted in it; then what
   of them a reader may ask about. A filing has is_received, is_online, status_code, received_on, ended_on (NULL while it is
   open), due_on, punctuality, is_end_known; a period has first_day and last_day. No column is a sum of others: that
   3 = 4 + 5 + 6 is something that the counts show. #}
{% macro workload_conditions() -%}
    {% set resolved = 'is_received and ended_on >= first_day and ended_on <= last_day' -%}
    {% set pending = 'is_received and (ended_on is null or ended_on > last_day)' -%}
    {% do return({
        'workload_total': 'is_received and received_on <= last_day and (ended_on is null or ended_on >= first_day)',
        'received_online': 'is_received and received_on >= first_day and received_on <= last_day and is_online',
        'received_other': 'is_received and received_on >= first_day and received_on <= last_day and not is_online',
        'carried_in': 'is_received and received_on < first_day and (ended_on is null or ended_on >= first_day)',
        'resolved_total': resolved,
        'resolved_early': resolved ~ " and punctuality = 'early'",
        'resolved_on_time': resolved ~ " and punctuality = 'on_time'",
        'resolved_late': resolved ~ " and punctuality = 'late'",
        'pending_total': pending,
        'pending_in_time': pending ~ ' and (due_on is null or due_on > last_day)',
        'pending_overdue': pending ~ ' and due_on <= last_day',
        'resolved_no_due_date': resolved ~ ' and due_on is null',
        'resolved_withdrawn': resolved ~ ' and status_code = 7',
        'resolved_withdrawn_undated': resolved ~ ' and status_code = 7 and not is_end_known',
        'pending_no_due_date': pending ~ ' and due_on is null',
        'pending_supplement': pending ~ ' and ended_on is null and status_code = 5',
        'pending_paused': pending ~ ' and ended_on is null and status_code in (6, 8)',
        'pending_final_undated': pending ~ ' and ended_on is null and status_code in (9, 10)',
        'not_received_registered': 'not is_received and status_code = 1',
        'not_received_refused': 'not is_received and status_code = 3',
        'not_received_other': 'not is_received and status_code not in (1, 3)',
    }) %}
{%- endmacro %}

{# Their names, in order. #}
{% macro workload_columns() -%}
    {% do return(workload_conditions().keys() | list) %}
{%- endmacro %}

{# The CTE `carried`, of `changing` and `periods` in fct_workload: how many filings are open when a period begins, and were
   received, and fell due if they ever do, before it. One row per calendar, first day of a period, agency, field, status and
   whether they have a due date. It is a running total: the open filings of ten years are not held against each period. #}
{% macro carry_open_filings() -%}
{% set kind = ['calendar_id', 'agency_code', 'field_code', 'status_code', 'has_due_date'] -%}
open_filings as (
    select
        *,
        due_on is not null as has_due_date
    from changing
    where is_received and ended_on is null
),

open_kinds as (
    select distinct {{ kind | join(', ') }} from open_filings
),

first_days as (
    select distinct
        calendar_id,
        first_day
    from periods
),

carried as (
    select
        *,
        sum(filing_count) over (
            partition by {{ kind | join(', ') }}
            order by happened_on
            range between unbounded preceding and interval 1 day preceding
        ) as carried_count
    from (
        select
            {{ kind | join(', ') }},
            changes_until as happened_on,
            cast(null as date) as first_day,
            filing_count
        from open_filings
        union all
        select
            {{ columns_of('open_kinds', kind) }},
            first_days.first_day as happened_on,
            first_days.first_day,
            0 as filing_count
        from open_kinds
        inner join first_days on open_kinds.calendar_id = first_days.calendar_id
    ) as events
)
{%- endmacro %}
