-- One row per source, entity (filings, payments), month and agency in force: whether its feed came, when, or why not.
{% set file_key = ['source_id', 'entity', 'file_month', 'agency_code'] -%}
{% set agency_month = ['source_id', 'entity', 'month', 'agency_code'] -%}
with agency_months as (
    select
        *,
        month as file_month
    from {{ ref('int_feed_months') }}
),

files as (select * from {{ ref('int_feed_files') }}),

row_counts as (select * from {{ ref('int_feed_row_counts') }}),

usual as (select * from {{ ref('int_feed_usual_rows') }}),

dues as (select * from {{ ref('int_feed_dues') }}),

refused as (select * from {{ ref('int_refused_feeds') }}),

reported as (
    select * from {{ ref('fct_reported_figures') }}
    where indicator = 'ho_so_tiep_nhan'
),

stated as (select * from {{ ref('stg_landing__agency_controls') }}),

rules as (select * from {{ ref('ref_delivery_rules') }}),

accepted as (
    select * from {{ ref('stg_history__accepted_movements') }}
    where scope = 'agency'
),

for_all as (
    select
        source_id,
        entity,
        file_month,
        min(fetched_at) as arrived_at,
        sum(case when is_active then landed_rows else 0 end) as landed_rows
    from files
    where name_suffix = ''
    group by source_id, entity, file_month
),

own as (
    select
        source_id,
        entity,
        file_month,
        agency_code,
        min(fetched_at) as arrived_at
    from files
    where agency_code is not null and not is_supplement
    group by source_id, entity, file_month, agency_code
),

-- Zero is believed from one who says zero of this agency: in a control file, or by the control total of its own file.
zero_stated as (
    select
        files.source_id,
        files.entity,
        files.file_month,
        stated.agency_code
    from stated
    inner join files on stated.extract_id = files.extract_id
    where files.is_active and stated.stated_rows = 0
    union distinct
    select
        source_id,
        entity,
        file_month,
        agency_code
    from files
    where agency_code is not null and is_active and not is_supplement and control_rows = 0
),

-- Or by the agency's own report of its filings. A source that has filings answers for its own; what one that has none
-- reports is of all sources, and says something of one of them where it is the only one.
sources_of_filings as (
    select
        source_id,
        count(*) over () as source_count
    from agency_months
    where entity = 'filings'
    group by source_id
),

reported_rows as (
    select
        sources_of_filings.source_id,
        'filings' as entity,
        reported.month as file_month,
        reported.source_agency_code as agency_code,
        max(reported.reported_value) as reported_rows
    from reported
    left join sources_of_filings as own_source on reported.source_id = own_source.source_id
    inner join sources_of_filings
        on
            reported.source_id = sources_of_filings.source_id
            or (
                own_source.source_id is null
                and (sources_of_filings.source_count = 1 or reported.reported_value = 0)
            )
    group by sources_of_filings.source_id, reported.month, reported.source_agency_code
),

-- A person has answered for what a file's version says of an agency: that version is believed, and no other.
believed as (
    select distinct
        files.source_id,
        accepted.entity,
        files.file_month,
        accepted.entity_code as agency_code
    from accepted
    inner join files on accepted.extract_id = files.extract_id and accepted.month = files.file_month
    where files.is_active
),

-- How many rows there should be, as far as anybody knows: by the agency's own report, else by what is usual.
gathered as (
    select
        agency_months.source_id,
        agency_months.entity,
        agency_months.month,
        agency_months.agency_code,
        dues.due_on,
        dues.is_owed_by_calendar or dues.is_owed_by_habit as is_expected,
        for_all.arrived_at is not null as has_file_for_all,
        coalesce(for_all.landed_rows = 0, false) as is_file_for_all_empty,
        coalesce(for_all.arrived_at, own.arrived_at, row_counts.arrived_at) is not null as has_file,
        least(for_all.arrived_at, own.arrived_at, row_counts.arrived_at) as arrived_at,
        coalesce(row_counts.all_rows, 0) as all_rows,
        coalesce(row_counts.rows_of_the_month, 0) as rows_of_the_month,
        zero_stated.agency_code is not null or coalesce(reported_rows.reported_rows = 0, false) as is_zero_stated,
        coalesce(
            reported_rows.reported_rows, case when usual.mean_rows >= rules.smallest_mean then usual.mean_rows end
        ) as wanted_rows,
        reported_rows.reported_rows is null and usual.mean_rows < rules.smallest_mean as is_zero_usual,
        -- An agency that owes the feed and was never seen: its first month is held against its group. Where nothing was
        -- requested, nobody tried to pay.
        dues.is_owed_by_calendar
        and not usual.has_history
        and reported_rows.agency_code is null
        and usual.months_without_rows < rules.usual_zero_months
        and (
            coalesce(for_all.landed_rows = 0, false)
            or coalesce(usual.median_rows_of_peers >= rules.smallest_mean, false)
        )
        and (
            agency_months.entity <> 'payment_attempts'
            or coalesce(requests_of_month.all_rows >= rules.smallest_mean, false)
        ) as is_zero_unknown,
        believed.agency_code is not null as is_believed,
        coalesce(refused.is_missing, false) as is_refused,
        coalesce(refused.is_without_supplement, false) as is_without_supplement,
        rules.handful_percent,
        rules.supplement_percent
    from agency_months
    inner join rules on agency_months.entity = rules.entity
    inner join usual on {{ share('agency_months', 'usual', agency_month) }}
    inner join dues on {{ share('agency_months', 'dues', agency_month) }}
    left join for_all on {{ share('agency_months', 'for_all', ['source_id', 'entity', 'file_month']) }}
    left join own on {{ share('agency_months', 'own', file_key) }}
    left join row_counts on {{ share('agency_months', 'row_counts', file_key) }}
    left join zero_stated on {{ share('agency_months', 'zero_stated', file_key) }}
    left join reported_rows on {{ share('agency_months', 'reported_rows', file_key) }}
    left join row_counts as requests_of_month
        on
            {{ share('agency_months', 'requests_of_month', ['source_id', 'file_month', 'agency_code']) }}
            and requests_of_month.entity = 'payment_requests'
    left join believed on {{ share('agency_months', 'believed', file_key) }}
    left join refused on {{ share('agency_months', 'refused', agency_month) }}
),

-- Nothing received is not nothing filed: zero counts where it is said or usual, and not beside a file that may hold its
-- rows.
judged as (
    select
        *,
        case
            when is_refused or (is_without_supplement and all_rows = 0) then 'refused_file'
            when has_file and (is_believed or (all_rows = 0 and is_zero_stated)) then null
            when not has_file and all_rows > 0 then 'supplement_only'
            when not has_file then 'no_file'
            when all_rows = 0 and is_file_for_all_empty and (wanted_rows > 0 or is_zero_unknown) then 'empty_file'
            when all_rows = 0 and (wanted_rows > 0 or is_zero_unknown) then 'no_rows'
            when
                has_file_for_all and rows_of_the_month = 0 and all_rows > 0
                and not coalesce(is_zero_usual, false)
                and not coalesce(100 * all_rows >= wanted_rows * supplement_percent, false)
                then 'supplement_only'
            when 100 * all_rows < wanted_rows * handful_percent then 'few_rows'
        end as missing_reason
    from gathered
)

-- Rows that stand where a month's rows do not show that there is a month, whether or not anybody owes it.
select
    source_id,
    entity,
    month,
    agency_code,
    is_expected or coalesce(missing_reason <> 'no_file', false) as is_expected,
    missing_reason is null as is_delivered,
    due_on,
    case when missing_reason is null then arrived_at end as first_arrived_at,
    missing_reason
from judged
