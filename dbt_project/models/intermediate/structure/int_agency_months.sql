-- One row per month and agency in force in it, with its name, group and place as they were at the month's end.
-- The months are those since the first agency, up to the newest that a file is for or can say anything of.
with agencies as (select * from {{ ref('dim_agencies') }}),

extracts as (select * from {{ ref('stg_landing__extracts') }}),

first_days as (select min(valid_from) as first_day from agencies),

last_days as (select greatest(max(file_month), cast(max(fetched_at) as date)) as last_day from extracts),

months as (
    select
        cast(
            unnest(
                generate_series(date_trunc('month', first_days.first_day), last_days.last_day, interval 1 month)
            ) as date
        ) as month
    from first_days
    cross join last_days
)

select
    months.month,
    agencies.agency_code,
    agencies.name_vi,
    agencies.short_name_vi,
    agencies.group_code,
    agencies.group_name_vi,
    agencies.group_order,
    agencies.official_order
from months
inner join agencies on {{ is_valid_in_month('agencies', 'months.month') }}
-- An agency that changed inside the month stands once.
qualify {{ latest_by(['months.month', 'agencies.agency_code'], 'agencies.valid_from desc') }}
