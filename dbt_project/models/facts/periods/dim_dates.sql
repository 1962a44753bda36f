-- One row per day of every calendar year that a file's month lies in, and of the year after: a feed is due the month
-- after.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

holidays as (select * from {{ ref('ref_holidays') }}),

bounds as (
    select
        cast(date_trunc('year', min(file_month)) as date) as first_day,
        cast(date_trunc('year', max(file_month)) + interval 2 year - interval 1 day as date) as last_day
    from extracts
),

days as (
    select cast(unnest(generate_series(first_day, last_day, interval 1 day)) as date) as date_day
    from bounds
)

select
    days.date_day,
    cast(date_trunc('month', days.date_day) as date) as month,
    cast(extract(quarter from days.date_day) as integer) as quarter_number,
    cast(extract(year from days.date_day) as integer) as year_number,
    cast(extract(isodow from days.date_day) as integer) as iso_weekday,
    holidays.holiday_date is not null as is_public_holiday,
    holidays.name_en as holiday_name_en,
    extract(isodow from days.date_day) < 6 and holidays.holiday_date is null as is_working_day
from days
left join holidays on days.date_day = holidays.holiday_date
