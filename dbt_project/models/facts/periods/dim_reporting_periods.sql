-- One row per reporting calendar and period (month, quarter, half-year, nine months, year) that the files reach.
with extracts as (
    select * from {{ ref('stg_landing__extracts') }}
    where entity in ('filings', 'payment_requests', 'payment_attempts')
),

dates as (select * from {{ ref('dim_dates') }}),

calendars as (select * from {{ ref('ref_reporting_calendars') }}),

kinds as (select * from {{ ref('ref_reporting_period_kinds') }}),

periods as (select * from {{ ref('ref_reporting_periods') }}),

-- A period that is not over has no figures yet, and before the first file there are none.
bounds as (
    select
        min(file_month) as first_day,
        {{ dbt.last_day('max(file_month)', 'month') }} as last_day
    from extracts
),

years as (select distinct year_number from dates),

-- The calendar month that names the last month of the period: number 3 of the quarters is September.
named as (
    select
        calendars.calendar_id,
        calendars.name_vi as calendar_name_vi,
        calendars.name_en as calendar_name_en,
        calendars.first_day as first_day_of_month,
        calendars.legal_basis_vi,
        calendars.legal_basis_en,
        calendars.certainty,
        calendars.valid_from,
        calendars.valid_to,
        periods.kind,
        periods.number,
        kinds.months,
        years.year_number,
        cast(years.year_number as {{ dbt.type_string() }}) || coalesce(periods.code_suffix, '') as period_code,
        replace(periods.name_vi, '{year}', cast(years.year_number as {{ dbt.type_string() }})) as name_vi,
        replace(periods.name_en, '{year}', cast(years.year_number as {{ dbt.type_string() }})) as name_en,
        months.month,
        cast({{ dbt.dateadd('month', '1 - kinds.months', 'months.month') }} as date) as first_named_month
    from periods
    inner join kinds on periods.kind = kinds.kind
    cross join years
    cross join calendars
    inner join dates as months
        on
            years.year_number = months.year_number
            and months.date_day = months.month
            and extract(month from months.month) = periods.number * kinds.months
),

-- Where a month begins on the 1st it is the calendar month; where later, it begins in the month before the one that
-- names it, and ends the day before its first day comes again.
dated as (
    select
        *,
        cast(
            case
                when first_day_of_month = 1 then first_named_month
                else
                    {{ dbt.dateadd('day', 'first_day_of_month - 1', dbt.dateadd('month', -1, 'first_named_month')) }}
            end as date
        ) as first_day,
        cast(
            {{ dbt.dateadd(
                'day',
                'first_day_of_month - 2',
                'case when first_day_of_month = 1 then ' ~ dbt.dateadd('month', 1, 'month') ~ ' else month end'
            ) }} as date
        ) as last_day
    from named
),

within_reach as (
    select dated.*
    from dated
    inner join bounds
        on
            dated.last_day >= bounds.first_day
            and dated.last_day <= bounds.last_day
    where
        coalesce(dated.valid_from <= dated.first_day, true)
        and coalesce(dated.valid_to >= dated.last_day, true)
)

-- The one before adjoins without a day between: the first nine months of two years do not.
select
    own.calendar_id || '/' || own.period_code as period_key,
    own.calendar_id,
    own.period_code,
    own.kind,
    cast(own.year_number as integer) as year,
    own.month,
    cast(own.months as integer) as month_count,
    own.first_day,
    own.last_day,
    own.name_vi,
    own.name_en,
    own.calendar_name_vi,
    own.calendar_name_en,
    own.legal_basis_vi,
    own.legal_basis_en,
    own.certainty,
    previous.calendar_id || '/' || previous.period_code as previous_period_key,
    year_before.calendar_id || '/' || year_before.period_code as year_before_period_key
from within_reach as own
left join within_reach as previous
    on
        own.calendar_id = previous.calendar_id
        and own.kind = previous.kind
        and previous.last_day = {{ dbt.dateadd('day', -1, 'own.first_day') }}
left join within_reach as year_before
    on
        own.calendar_id = year_before.calendar_id
        and own.kind = year_before.kind
        and own.number = year_before.number
        and own.year_number = year_before.year_number + 1
