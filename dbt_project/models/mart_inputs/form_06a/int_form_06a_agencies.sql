-- One row per reporting period and agency that answers for filings on its last day: its name, and what its form lacks.
with workload as (select * from {{ ref('fct_workload') }}),

periods as (select * from {{ ref('dim_reporting_periods') }}),

agencies as (select * from {{ ref('dim_agencies') }}),

successions as (select * from {{ ref('dim_agency_heirs') }}),

quarantined as (
    select * from {{ ref('fct_quarantined_rows') }}
    where entity = 'filings'
),

undelivered as (
    select * from {{ ref('int_deliveries') }}
    where entity = 'filings' and not is_delivered
),

refused as (
    select
        month,
        agency_code
    from {{ ref('int_refused_feeds') }}
    where entity = 'filings' and (is_older_version or is_without_supplement)
),

-- What was received before the first file is not here, and no count of it can be.
history as (
    select min(file_month) as history_from from {{ ref('stg_landing__extracts') }}
    where entity = 'filings'
),

-- Who answers on a period's last day for an agency that has ended.
heirs as (
    select
        periods.period_key,
        successions.agency_code,
        successions.heir_code
    from periods
    inner join successions
        on
            periods.last_day >= successions.heir_from
            and (successions.heir_to is null or periods.last_day <= successions.heir_to)
),

-- Agencies in force on the last day, and whatever else filings are left with: shown as such, never dropped.
answering as (
    select
        periods.period_key,
        periods.first_day,
        periods.last_day,
        agencies.agency_code
    from periods
    inner join agencies
        on {{ is_valid_between('agencies', 'periods.last_day', 'periods.last_day') }}

    union distinct

    select
        periods.period_key,
        periods.first_day,
        periods.last_day,
        workload.agency_code
    from workload
    inner join periods on workload.period_key = periods.period_key
),

named as (
    select
        answering.*,
        agencies.name_vi,
        agencies.name_en,
        agencies.group_code,
        agencies.group_name_vi,
        agencies.group_name_en,
        agencies.group_order,
        agencies.official_order
    from answering
    inner join agencies on answering.agency_code = agencies.agency_code
    qualify
        {{ latest_by(
            ['answering.period_key', 'answering.agency_code'],
            'case when ' ~ is_valid_between('agencies', 'answering.last_day', 'answering.last_day')
            ~ ' then 0 else 1 end, agencies.valid_from desc nulls last'
        ) }}
),

period_months as (
    {{ select_period_months() }}
),

-- Of what did not come before a period, the first is enough.
first_missing as (
    select
        agency_code,
        min(month) as first_month
    from undelivered
    group by agency_code
),

missing as (
    select
        period_months.period_key,
        undelivered.agency_code,
        true as is_missing,
        false as is_missing_before
    from period_months
    inner join undelivered on period_months.month = undelivered.month

    union all

    select
        periods.period_key,
        first_missing.agency_code,
        false as is_missing,
        true as is_missing_before
    from periods
    inner join first_missing on first_missing.first_month < date_trunc('month', periods.first_day)
),

-- A feed of a predecessor that did not come is missing in the figures of whoever answers for it.
owed as (
    select
        missing.period_key,
        coalesce(heirs.heir_code, missing.agency_code) as agency_code,
        bool_or(missing.is_missing) as is_missing,
        bool_or(missing.is_missing_before) as is_missing_before
    from missing
    left join heirs
        on missing.period_key = heirs.period_key and missing.agency_code = heirs.agency_code
    group by missing.period_key, coalesce(heirs.heir_code, missing.agency_code)
),

set_aside as (
    select
        period_months.period_key,
        coalesce(heirs.heir_code, quarantined.agency_code) as agency_code,
        count(*) as quarantined_rows
    from period_months
    inner join quarantined on period_months.month = quarantined.file_month
    left join heirs
        on period_months.period_key = heirs.period_key and quarantined.agency_code = heirs.agency_code
    group by period_months.period_key, coalesce(heirs.heir_code, quarantined.agency_code)
),

without_files as (
    select
        period_months.period_key,
        coalesce(heirs.heir_code, refused.agency_code) as agency_code,
        count(distinct refused.month) as refused_months
    from period_months
    inner join refused on period_months.month = refused.month
    left join heirs
        on period_months.period_key = heirs.period_key and refused.agency_code = heirs.agency_code
    group by period_months.period_key, coalesce(heirs.heir_code, refused.agency_code)
)

select
    named.period_key,
    named.agency_code,
    named.name_vi,
    named.name_en,
    named.group_code,
    named.group_name_vi,
    named.group_name_en,
    named.group_order,
    named.official_order,
    named.first_day >= history.history_from and not coalesce(owed.is_missing, false) as is_whole,
    coalesce(owed.is_missing, false) as is_missing,
    named.first_day <= history.history_from or coalesce(owed.is_missing_before, false) as is_history_short,
    coalesce(set_aside.quarantined_rows, 0) as quarantined_rows,
    without_files.refused_months
from named
cross join history
left join owed on named.period_key = owed.period_key and named.agency_code = owed.agency_code
left join set_aside on named.period_key = set_aside.period_key and named.agency_code = set_aside.agency_code
left join without_files
    on named.period_key = without_files.period_key and named.agency_code = without_files.agency_code
