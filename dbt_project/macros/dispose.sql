{# What becomes of every landed row of an entity: 'fact', 'superseded' or 'quarantined', exactly one of the three.
   `checked` is a CTE with the key columns, quarantine_reason, month_means, file_month, arrival and row_number. Among the
   sound rows with one key the newest wins: in a feed of changes the later month, then the later arrival, then the later
   row; in a feed of received filings the later arrival, then the later row. A row that a later one of its own file replaces
   is no correction that the source sent: is_superseded_within_file tells it apart. #}

{% macro select_disposed(checked, keys) -%}
select
    *,
    case
        when quarantine_reason is not null then 'quarantined'
        when
            row_number() over (
                partition by {{ keys | join(", ") }}, quarantine_reason is null
                order by
                    case when month_means = 'updated' then file_month end desc nulls last,
                    arrival desc,
                    extract_id desc,
                    row_number desc
            ) = 1
            then 'fact'
        else 'superseded'
    end as disposition,
    quarantine_reason is null
    and row_number() over (
        partition by extract_id, {{ keys | join(", ") }}, quarantine_reason is null
        order by row_number desc
    ) > 1 as is_superseded_within_file
from {{ checked }}
{%- endmacro %}
