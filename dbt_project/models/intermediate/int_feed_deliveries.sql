-- One row per source, entity (filings, payments), month and agency in force: whether its feed came, and when.
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

-- Every month between the first and the last that any filings file is for: a month in the middle that did not come is
-- owed too. The newest month that landed is the horizon; a night on which nothing at all came is the DAG's to tell.
months as (
    select distinct dates.month
    from dates
    inner join (
        select
            min(file_month) as first_month,
            max(file_month) as last_month
        from extracts
        where entity = 'filings'
    ) as bounds on dates.month between bounds.first_month and bounds.last_month
),

feeds as (
    select distinct
        source_id,
        entity
    from extracts
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
        agencies.agency_code
    from feeds
    cross join months
    inner join agencies
        on
            agencies.valid_from <= {{ dbt.last_day('months.month', 'month') }}
            and (agencies.valid_to is null or months.month <= agencies.valid_to)
    group by feeds.source_id, feeds.entity, months.month, agencies.agency_code
),

-- A file of the month without more in its name is for all agencies; one whose name goes on with an agency's code
-- (2022-10.H62.01.csv) is that agency's own.
named as (
    select
        source_id,
        entity,
        file_month,
        regexp_extract(file_name, '^\d{4}-\d{2}(?:\.(.*))?\.[a-z]+$', 1) as suffix,
        fetched_at
    from extracts
),

for_all as (
    select
        source_id,
        entity,
        file_month,
        min(fetched_at) as arrived_at
    from named
    where suffix = ''
    group by source_id, entity, file_month
),

own as (
    select
        agency_months.source_id,
        agency_months.entity,
        agency_months.month,
        agency_months.agency_code,
        min(named.fetched_at) as arrived_at
    from agency_months
    inner join named
        on
            agency_months.source_id = named.source_id
            and agency_months.entity = named.entity
            and agency_months.month = named.file_month
            and (
                named.suffix = agency_months.agency_code
                or starts_with(named.suffix, agency_months.agency_code || '.')
            )
    group by agency_months.source_id, agency_months.entity, agency_months.month, agency_months.agency_code
),

rows_seen as (
    select
        source_id,
        'filings' as entity,
        file_month,
        source_agency_code
    from filings
    group by source_id, file_month, source_agency_code
    union all
    select
        source_id,
        'payment_requests' as entity,
        file_month,
        source_agency_code
    from requests
    group by source_id, file_month, source_agency_code
),

by_rows as (
    select
        rows_seen.source_id,
        rows_seen.entity,
        rows_seen.file_month,
        rows_seen.source_agency_code,
        min(extracts.fetched_at) as arrived_at
    from rows_seen
    inner join extracts
        on
            rows_seen.source_id = extracts.source_id
            and rows_seen.entity = extracts.entity
            and rows_seen.file_month = extracts.file_month
    group by rows_seen.source_id, rows_seen.entity, rows_seen.file_month, rows_seen.source_agency_code
),

working_days as (
    select
        date_day,
        month,
        row_number() over (partition by month order by date_day) as working_day
    from dates
    where is_working_day
),

owed as (
    select
        agency_months.source_id,
        agency_months.entity,
        agency_months.month,
        agency_months.agency_code,
        min(working_days.date_day) as due_on
    from agency_months
    inner join calendar
        on
            agency_months.source_id = calendar.source_id
            and agency_months.entity = calendar.entity
            and calendar.agency_code in ('*', agency_months.agency_code)
            and agency_months.month between calendar.valid_from and coalesce(
                calendar.valid_to, cast('9999-12-31' as date)
            )
    inner join working_days
        on
            working_days.month = {{ dbt.dateadd('month', 1, 'agency_months.month') }}
            and calendar.due_working_day = working_days.working_day
    group by agency_months.source_id, agency_months.entity, agency_months.month, agency_months.agency_code
)

select
    agency_months.source_id,
    agency_months.entity,
    agency_months.month,
    agency_months.agency_code,
    owed.agency_code is not null as is_expected,
    coalesce(for_all.arrived_at, own.arrived_at, by_rows.arrived_at) is not null as is_delivered,
    owed.due_on,
    least(for_all.arrived_at, own.arrived_at, by_rows.arrived_at) as first_arrived_at
from agency_months
left join for_all
    on
        agency_months.source_id = for_all.source_id
        and agency_months.entity = for_all.entity
        and agency_months.month = for_all.file_month
left join own
    on
        agency_months.source_id = own.source_id
        and agency_months.entity = own.entity
        and agency_months.month = own.month
        and agency_months.agency_code = own.agency_code
left join by_rows
    on
        agency_months.source_id = by_rows.source_id
        and agency_months.entity = by_rows.entity
        and agency_months.month = by_rows.file_month
        and agency_months.agency_code = by_rows.source_agency_code
left join owed
    on
        agency_months.source_id = owed.source_id
        and agency_months.entity = owed.entity
        and agency_months.month = owed.month
        and agency_months.agency_code = owed.agency_code
