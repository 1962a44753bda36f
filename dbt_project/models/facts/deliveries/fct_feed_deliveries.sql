-- One row per source, entity (filings, payments), month and agency in force: whether its feed came, when, or why not.
{% set file_key = ['source_id', 'entity', 'file_month', 'agency_code'] -%}
{% set agency_month = ['source_id', 'entity', 'month', 'agency_code'] -%}
with extracts as (
    select * from {{ ref('stg_landing__extracts') }}
    where entity in ('filings', 'payment_requests', 'payment_attempts')
),

agencies as (
    select * from {{ ref('dim_agencies') }}
    where is_known
),

calendar as (select * from {{ ref('stg_province__expected_feeds') }}),

dates as (select * from {{ ref('dim_dates') }}),

filings as (select * from {{ ref('int_filings_disposed') }}),

requests as (select * from {{ ref('int_payment_requests_disposed') }}),

attempts as (select * from {{ ref('int_payment_attempts_disposed') }}),

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

-- Every month between the first and the last that any of these files is for: a month in the middle that did not come is
-- owed too, and so are the filings of a month of which only payments came. What is before the first file is not owed: a
-- warehouse begins somewhere. The newest month is the horizon; a night on which nothing at all came is for the DAG to
-- tell.
bounds as (
    select
        min(file_month) as first_month,
        max(file_month) as last_month
    from extracts
),

months as (
    select distinct dates.month
    from dates
    inner join bounds on dates.month between bounds.first_month and bounds.last_month
),

-- A source of requests owes the attempts at paying them, whether or not any ever came.
feeds as (
    select distinct
        source_id,
        entity
    from extracts
    union distinct
    select distinct
        source_id,
        'payment_attempts' as entity
    from extracts
    where entity = 'payment_requests'
    union distinct
    select distinct
        source_id,
        entity
    from calendar
    where entity in ('filings', 'payment_requests', 'payment_attempts')
),

agency_months as (
    select
        feeds.source_id,
        feeds.entity,
        months.month,
        months.month as file_month,
        agencies.agency_code,
        max(agencies.group_code) as group_code
    from feeds
    cross join months
    inner join agencies
        on
            agencies.valid_from <= {{ dbt.last_day('months.month', 'month') }}
            and (agencies.valid_to is null or months.month <= agencies.valid_to)
    group by feeds.source_id, feeds.entity, months.month, agencies.agency_code
),

-- A file of the month without more in its name is for all agencies; one whose name goes on with an agency's code
-- (2022-10.H62.01.csv) is that agency's own. Every version of a file counts: a corrected one is not late for it.
file_names as (
    select
        extract_id,
        source_id,
        entity,
        file_month,
        file_name,
        is_active,
        landed_rows,
        control_rows,
        {{ file_suffix('file_name') }} as name_suffix,
        {{ is_supplement(file_suffix('file_name')) }} as is_supplement,
        fetched_at
    from extracts
    -- What is held has not come: it would pass for an agency that had nothing.
    where left_out is null
),

for_all as (
    select
        source_id,
        entity,
        file_month,
        min(fetched_at) as arrived_at,
        sum(case when is_active then landed_rows else 0 end) as landed_rows
    from file_names
    where name_suffix = ''
    group by source_id, entity, file_month
),

codes as (select distinct agency_code from agencies),

-- The longest code that fits: H62.01's file is not also that of an agency H62.
named_agencies as (
    select
        file_names.*,
        codes.agency_code
    from file_names
    inner join codes
        on
            file_names.name_suffix = codes.agency_code
            or left(file_names.name_suffix, length(codes.agency_code) + 1) = codes.agency_code || '.'
    qualify row_number() over (partition by file_names.extract_id order by length(codes.agency_code) desc) = 1
),

own as (
    select
        source_id,
        entity,
        file_month,
        agency_code,
        min(fetched_at) as arrived_at
    from named_agencies
    where not is_supplement
    group by source_id, entity, file_month, agency_code
),

rows_seen as (
    select
        extract_id,
        source_agency_code
    from filings
    union all
    select
        extract_id,
        source_agency_code
    from requests
    union all
    -- An attempt names no agency: it is that of its request.
    select
        attempts.extract_id,
        requests.source_agency_code
    from attempts
    inner join requests
        on
            attempts.source_id = requests.source_id
            and attempts.payment_request_id = requests.payment_request_id
            and requests.disposition = 'fact'
),

-- A file's rows of an agency, those that were set aside too. Of what is in the files for all and in its own is a month
-- made; what stands elsewhere (2022-10.bo-sung.csv, 2022-10.phan-hai.csv) adds to it.
rows_of_files as (
    select
        file_names.extract_id,
        file_names.source_id,
        file_names.entity,
        file_names.file_month,
        file_names.file_name,
        file_names.is_supplement,
        rows_seen.source_agency_code as agency_code,
        file_names.name_suffix = '' or named_agencies.extract_id is not null as is_of_the_month,
        count(*) as row_count
    from rows_seen
    inner join file_names on rows_seen.extract_id = file_names.extract_id
    left join named_agencies
        on
            file_names.extract_id = named_agencies.extract_id
            and rows_seen.source_agency_code = named_agencies.agency_code
    group by
        file_names.extract_id,
        file_names.source_id,
        file_names.entity,
        file_names.file_month,
        file_names.file_name,
        file_names.is_supplement,
        rows_seen.source_agency_code,
        file_names.name_suffix = '' or named_agencies.extract_id is not null
),

row_counts as (
    select
        source_id,
        entity,
        file_month,
        agency_code,
        sum(row_count) as all_rows,
        sum(case when is_of_the_month and not is_supplement then row_count else 0 end) as rows_of_the_month
    from rows_of_files
    group by source_id, entity, file_month, agency_code
),

-- Where no file for all came, an agency whose rows stand in a file of another name has delivered. Not so in a
-- supplement: it adds a few rows to what has come, and they would pass for the whole month.
by_rows as (
    select
        active.source_id,
        active.entity,
        active.file_month,
        active.agency_code,
        min(versions.fetched_at) as arrived_at
    from rows_of_files as active
    inner join file_names as versions
        on
            active.source_id = versions.source_id
            and active.entity = versions.entity
            and active.file_name = versions.file_name
    where not active.is_supplement
    group by active.source_id, active.entity, active.file_month, active.agency_code
),

-- Zero is believed from one who says zero of this agency: in a control file, or by the control total of its own file.
zero_stated as (
    select
        file_names.source_id,
        file_names.entity,
        file_names.file_month,
        stated.agency_code
    from stated
    inner join file_names on stated.extract_id = file_names.extract_id
    where file_names.is_active and stated.stated_rows = 0
    union distinct
    select
        source_id,
        entity,
        file_month,
        agency_code
    from named_agencies
    where is_active and not is_supplement and control_rows = 0
),

-- Or by the agency's own report of its filings. A source that has filings answers for its own; what one that has none
-- reports is of all sources, and says something of one of them where it is the only one.
sources_of_filings as (
    select
        source_id,
        count(*) over () as source_count
    from feeds
    where entity = 'filings'
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

-- What is usual: the mean of the months before that had rows, of the next ones where there is none before. A month
-- without rows is no part of it, so that one that did not come makes not the next one usual.
histories as (
    select
        agency_months.source_id,
        agency_months.entity,
        agency_months.month,
        agency_months.agency_code,
        avg(case when near.file_month < agency_months.month then near.all_rows end) as mean_before,
        avg(case when near.file_month > agency_months.month then near.all_rows end) as mean_after,
        count(case when near.file_month < agency_months.month then 1 end) as months_with_rows,
        min(case when near.file_month < agency_months.month then near.file_month end) as first_month_with_rows,
        max(case when near.file_month < agency_months.month then near.file_month end) as last_month_with_rows
    from agency_months
    inner join rules on agency_months.entity = rules.entity
    inner join row_counts as near
        on
            agency_months.source_id = near.source_id
            and agency_months.entity = near.entity
            and agency_months.agency_code = near.agency_code
            and agency_months.month <> near.file_month
            and near.file_month >= {{ dbt.dateadd('month', '-rules.trailing_months', 'agency_months.month') }}
            and near.file_month <= {{ dbt.dateadd('month', 'rules.trailing_months', 'agency_months.month') }}
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
silent as (
    select
        agency_months.source_id,
        agency_months.entity,
        agency_months.month,
        agency_months.agency_code,
        count(*) as months_without_rows
    from agency_months
    inner join rules on agency_months.entity = rules.entity
    inner join agency_months as near
        on
            agency_months.source_id = near.source_id
            and agency_months.entity = near.entity
            and agency_months.agency_code = near.agency_code
            and near.month >= {{ dbt.dateadd('month', '-rules.trailing_months', 'agency_months.month') }}
            and near.month <= {{ dbt.dateadd('month', 'rules.trailing_months', 'agency_months.month') }}
    inner join for_all on {{ share('near', 'for_all', ['source_id', 'entity', 'file_month']) }}
    left join row_counts on {{ share('near', 'row_counts', file_key) }}
    where for_all.landed_rows > 0 and row_counts.agency_code is null
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
    left join row_counts on {{ share('agency_months', 'row_counts', file_key) }}
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
),

-- A person has answered for what a file's version says of an agency: that version is believed, and no other.
believed as (
    select distinct
        file_names.source_id,
        accepted.entity,
        file_names.file_month,
        accepted.entity_code as agency_code
    from accepted
    inner join file_names on accepted.extract_id = file_names.extract_id and accepted.month = file_names.file_month
    where file_names.is_active
),

working_days as (
    select
        date_day,
        month,
        row_number() over (partition by month order by date_day) as working_day,
        count(*) over (partition by month) as working_days_of_month
    from dates
    where is_working_day
),

-- An agency's own entry in the calendar goes before the one for all.
entries as (
    select
        agency_months.source_id,
        agency_months.entity,
        agency_months.month,
        agency_months.agency_code,
        calendar.due_working_day
    from agency_months
    inner join calendar
        on
            agency_months.source_id = calendar.source_id
            and agency_months.entity = calendar.entity
            and calendar.agency_code in ('*', agency_months.agency_code)
            and agency_months.month between calendar.valid_from and coalesce(
                calendar.valid_to, cast('9999-12-31' as date)
            )
    qualify
        row_number() over (
            partition by
                agency_months.source_id, agency_months.entity, agency_months.month, agency_months.agency_code
            order by
                case when calendar.agency_code = '*' or calendar.is_for_all then 1 else 0 end, calendar.due_working_day
        ) = 1
),

-- A month with fewer working days (Tết) has its last one as the day due: the feed is owed all the same.
owed as (
    select
        entries.source_id,
        entries.entity,
        entries.month,
        entries.agency_code,
        working_days.date_day as due_on
    from entries
    inner join working_days
        on
            working_days.month = {{ dbt.dateadd('month', 1, 'entries.month') }}
            and working_days.working_day = least(entries.due_working_day, working_days.working_days_of_month)
),

-- What the calendar is silent about altogether is owed by whoever has sent it before, and attempts by whose requests of
-- the month came: without them the figures would be small and look whole.
owed_by_habit as (
    select
        agency_months.source_id,
        agency_months.entity,
        agency_months.month,
        agency_months.agency_code
    from agency_months
    left join usual on {{ share('agency_months', 'usual', agency_month) }}
    left join row_counts as requests_of_month
        on
            agency_months.source_id = requests_of_month.source_id
            and agency_months.entity = 'payment_attempts'
            and requests_of_month.entity = 'payment_requests'
            and agency_months.month = requests_of_month.file_month
            and agency_months.agency_code = requests_of_month.agency_code
    left join calendar
        on
            agency_months.source_id = calendar.source_id
            and agency_months.entity = calendar.entity
            and calendar.agency_code in ('*', agency_months.agency_code)
    where
        calendar.source_id is null
        and (coalesce(usual.months_with_rows, 0) > 0 or requests_of_month.agency_code is not null)
    group by
        agency_months.source_id,
        agency_months.entity,
        agency_months.month,
        agency_months.agency_code
),

-- How many rows there should be, as far as anybody knows: by the agency's own report, else by what is usual.
gathered as (
    select
        agency_months.source_id,
        agency_months.entity,
        agency_months.month,
        agency_months.agency_code,
        owed.due_on,
        owed.agency_code is not null or owed_by_habit.agency_code is not null as is_expected,
        for_all.arrived_at is not null as has_file_for_all,
        coalesce(for_all.landed_rows = 0, false) as is_file_for_all_empty,
        coalesce(for_all.arrived_at, own.arrived_at, by_rows.arrived_at) is not null as has_file,
        least(for_all.arrived_at, own.arrived_at, by_rows.arrived_at) as arrived_at,
        coalesce(row_counts.all_rows, 0) as all_rows,
        coalesce(row_counts.rows_of_the_month, 0) as rows_of_the_month,
        zero_stated.agency_code is not null or coalesce(reported_rows.reported_rows = 0, false) as is_zero_stated,
        coalesce(
            reported_rows.reported_rows, case when usual.mean_rows >= rules.smallest_mean then usual.mean_rows end
        ) as wanted_rows,
        reported_rows.reported_rows is null and usual.mean_rows < rules.smallest_mean as is_zero_usual,
        -- An agency that owes the feed and was never seen: its first month is held against its group. Where nothing was
        -- requested, nobody tried to pay.
        owed.agency_code is not null
        and usual.agency_code is null
        and reported_rows.agency_code is null
        and coalesce(silent.months_without_rows, 0) < rules.usual_zero_months
        and (coalesce(for_all.landed_rows = 0, false) or coalesce(peers.median_rows >= rules.smallest_mean, false))
        and (
            agency_months.entity <> 'payment_attempts'
            or coalesce(requests_of_month.all_rows >= rules.smallest_mean, false)
        ) as is_zero_unknown,
        believed.agency_code is not null as is_believed,
        rules.handful_percent,
        rules.supplement_percent
    from agency_months
    inner join rules on agency_months.entity = rules.entity
    left join for_all on {{ share('agency_months', 'for_all', ['source_id', 'entity', 'file_month']) }}
    left join own on {{ share('agency_months', 'own', file_key) }}
    left join by_rows on {{ share('agency_months', 'by_rows', file_key) }}
    left join row_counts on {{ share('agency_months', 'row_counts', file_key) }}
    left join zero_stated on {{ share('agency_months', 'zero_stated', file_key) }}
    left join reported_rows on {{ share('agency_months', 'reported_rows', file_key) }}
    left join usual on {{ share('agency_months', 'usual', agency_month) }}
    left join silent on {{ share('agency_months', 'silent', agency_month) }}
    left join peers
        on
            {{ share('agency_months', 'peers', ['source_id', 'entity', 'month']) }}
            and agency_months.group_code is not distinct from peers.group_code
    left join row_counts as requests_of_month
        on
            {{ share('agency_months', 'requests_of_month', ['source_id', 'file_month', 'agency_code']) }}
            and requests_of_month.entity = 'payment_requests'
    left join believed on {{ share('agency_months', 'believed', file_key) }}
    left join owed on {{ share('agency_months', 'owed', agency_month) }}
    left join owed_by_habit on {{ share('agency_months', 'owed_by_habit', agency_month) }}
),

-- Nothing received is not nothing filed: zero counts where it is said or usual.
judged as (
    select
        *,
        case
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
