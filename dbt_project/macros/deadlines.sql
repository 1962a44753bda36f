{# When a filing's handling ended, and whether it kept its due date as at the end of a period. The history of statuses is not
   delivered, so that dates alone say how a filing stood on an earlier day. #}

{# The moment at which handling ended: finished, else handed over; NULL while neither is known, whatever the status is. #}
{% macro ended_at(filing) -%}
    coalesce({{ filing }}.finished_at, {{ filing }}.returned_at)
{%- endmacro %}

{# Whether the filing's handling had ended by the period's last day; `last_day` is a date, the whole day included. #}
{% macro is_ended(filing, last_day) -%}
    coalesce({{ ended_at(filing) }} < {{ dbt.dateadd('day', 1, last_day) }}, false)
{%- endmacro %}

{# Whether a filing is on time as at the period's end: ended no later than due, or still open and due after the period's last
   day. A due date that is null counts as on time. A source that keeps days only writes midnight: the due day itself is on
   time. #}
{% macro is_on_time(filing, last_day) -%}
    coalesce(
        case
            when {{ is_ended(filing, last_day) }}
                then not {{ is_before(filing ~ '.due_at', ended_at(filing)) }}
            else {{ filing }}.due_at >= {{ dbt.dateadd('day', 1, last_day) }}
        end,
        true
    )
{%- endmacro %}
