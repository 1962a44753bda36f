-- One row per month: the last moment at which anything of that month was fetched.
with extracts as (
    select * from {{ ref('stg_landing__extracts') }}
    where is_active
),

months as (
    select distinct month from {{ ref('mart_online_rates') }}
),

computed as (
    select
        months.month,
        max(extracts.fetched_at) as data_cut_off_at,
        cast(count(extracts.extract_id) as integer) as extract_count
    from months
    left join extracts on months.month = extracts.file_month
    group by months.month
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month
