-- One row per source, entity, month and agency in force in it: how many rows the months around it say are usual.
{% set agency_month = ['source_id', 'entity', 'month', 'agency_code'] -%}
with agency_months as (select * from {{ ref('int_feed_months') }}),

row_counts as (
    select
        source_id,
        entity,
        file_month as month,
        agency_code,
        all_rows
    from {{ ref('int_feed_row_counts') }}
),

files as (select * from {{ ref('int_feed_files') }}),

rules as (select * from {{ ref('ref_delivery_rules') }}),

for_all as (
    select
        source_id,
        entity,
        file_month as month,
        sum(case when is_active then landed_rows else 0 end) as landed_rows
    from files
    where name_suffix = ''
    group by source_id, entity, file_month
),

-- Each month's rows once for every month around it, itself among them.
near_rows as (
    select
        row_counts.source_id,
        row_counts.entity,
        row_counts.agency_code,
        row_counts.month as near_month,
        row_counts.all_rows,
        {{ each_month(
            dbt.dateadd('month', '-rules.trailing_months', 'row_counts.month'),
            dbt.dateadd('month', 'rules.trailing_months', 'row_counts.month')
        ) }} as month
    from row_counts
    inner join rules on row_counts.entity = rules.entity
),

-- What is usual: the mean of the months before that had rows, of the next ones where there is none before. A month
-- without rows is no part of it, so that one that did not come makes not the next one usual.
histories as (
    select
        agency_months.source_id,
        agency_months.entity,
        agency_months.month,
        agency_months.agency_code,
        avg(case when near.near_month < agency_months.month then near.all_rows end) as mean_before,
        avg(case when near.near_month > agency_months.month then near.all_rows end) as mean_after,
        count(case when near.near_month < agency_months.month then 1 end) as months_with_rows,
        min(case when near.near_month < agency_months.month then near.near_month end) as first_month_with_rows,
        max(case when near.near_month < agency_months.month then near.near_month end) as last_month_with_rows
    from agency_months
    inner join near_rows as near on {{ share('agency_months', 'near', agency_month) }}
    where agency_months.month <> near.near_month
    group by agency_months.source_id, agency_months.entity, agency_months.month, agency_months.agency_code
),

-- Months without rows between months that had some: an agency that has them often has them.
usual as (
    select
        histories.source_id,
        histories.entity,
        histories.month,
        histories.agency_code,
        histories.months_with_rows,
        case
            when
                12 * (
                    extract(year from histories.last_month_with_rows)
                    - extract(year from histories.first_month_with_rows)
                )
                + extract(month from histories.last_month_with_rows)
                - extract(month from histories.first_month_with_rows)
                + 1 - histories.months_with_rows >= rules.usual_zero_months
                then 0
            else coalesce(histories.mean_before, histories.mean_after)
        end as mean_rows
    from histories
    inner join rules on histories.entity = rules.entity
),

-- Months whose file for all had rows, none of them this agency's: with enough of them no rows is what is usual of it.
silent_months as (
    select
        agency_months.source_id,
        agency_months.entity,
        agency_months.agency_code,
        {{ each_month(
            dbt.dateadd('month', '-rules.trailing_months', 'agency_months.month'),
            dbt.dateadd('month', 'rules.trailing_months', 'agency_months.month')
        ) }} as month
    from agency_months
    inner join rules on agency_months.entity = rules.entity
    inner join for_all on {{ share('agency_months', 'for_all', ['source_id', 'entity', 'month']) }}
    left join row_counts on {{ share('agency_months', 'row_counts', agency_month) }}
    where for_all.landed_rows > 0 and row_counts.agency_code is null
),

silent as (
    select
        agency_months.source_id,
        agency_months.entity,
        agency_months.month,
        agency_months.agency_code,
        count(*) as months_without_rows
    from agency_months
    inner join silent_months on {{ share('agency_months', 'silent_months', agency_month) }}
    group by agency_months.source_id, agency_months.entity, agency_months.month, agency_months.agency_code
),

groups as (
    select
        agency_months.source_id,
        agency_months.entity,
        agency_months.month,
        agency_months.group_code,
        coalesce(sum(row_counts.all_rows), 0) as group_rows,
        percentile_cont(0.5) within group (order by coalesce(row_counts.all_rows, 0)) as median_rows
    from agency_months
    left join row_counts on {{ share('agency_months', 'row_counts', agency_month) }}
    group by agency_months.source_id, agency_months.entity, agency_months.month, agency_months.group_code
),

-- What an agency without any month of its own is held against: the middle agency of its group, in the same month; where
-- its whole group is silent, that of the group that has most.
peers as (
    select
        source_id,
        entity,
        month,
        group_code,
        case
            when group_rows > 0 then median_rows
            else max(median_rows) over (partition by source_id, entity, month)
        end as median_rows
    from groups
)

select
    agency_months.source_id,
    agency_months.entity,
    agency_months.month,
    agency_months.agency_code,
    usual.agency_code is not null as has_history,
    coalesce(usual.months_with_rows, 0) as months_with_rows,
    usual.mean_rows,
    coalesce(silent.months_without_rows, 0) as months_without_rows,
    peers.median_rows as median_rows_of_peers
from agency_months
left join usual on {{ share('agency_months', 'usual', agency_month) }}
left join silent on {{ share('agency_months', 'silent', agency_month) }}
left join peers
    on
        {{ share('agency_months', 'peers', ['source_id', 'entity', 'month']) }}
        and agency_months.group_code is not distinct from peers.group_code
