-- One row per month and ordered pair of groups: how far apart their rates are, in points.
with rates as (
    select * from {{ ref('mart_online_rates') }}
    where scope = 'group' and entity_code <> 'unknown'
),

computed as (
    select
        rates.month,
        rates.entity_code as group_code,
        rates.entity_name_vi as group_name_vi,
        other_rates.entity_code as other_group_code,
        other_rates.entity_name_vi as other_group_name_vi,
        rates.online_rate_percent,
        other_rates.online_rate_percent as other_online_rate_percent,
        -- A group with an agency missing is not the group: its rate stands, with its caveat, compared with nothing.
        cast(
            case
                when rates.missing_agencies = 0 and other_rates.missing_agencies = 0
                    then rates.online_rate_percent - other_rates.online_rate_percent
            end as double
        ) as gap_points
    from rates
    inner join rates as other_rates on rates.month = other_rates.month and rates.entity_code <> other_rates.entity_code
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, group_code, other_group_code
