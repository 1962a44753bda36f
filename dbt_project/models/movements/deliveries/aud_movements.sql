-- One row per entity, measure, scope, code, month and basis that has a band: before, the band, and the figure.
with bands as (select * from {{ ref('stg_province__drift_bands') }}),

province as (select * from {{ ref('stg_province__province') }}),

accepted as (select * from {{ ref('stg_history__accepted_movements') }}),

held_against as (select * from {{ ref('aud_movement_baselines') }}),

agencies as (
    {{ select_newest_agencies(known_only=true) }}
),

agency_groups as (
    select distinct
        group_code,
        group_name_vi
    from agencies
),

-- A group's own band goes before the one for every group.
bands_of_groups as (
    select
        bands.*,
        agency_groups.group_code as of_group
    from bands
    inner join agency_groups on coalesce(bands.group_code, '*') in ('*', agency_groups.group_code)
    qualify
        {{ latest_by(
            ['bands.entity', 'bands.measure', 'bands.scope', 'bands.basis', 'agency_groups.group_code'],
            'case when bands.group_code = agency_groups.group_code then 0 else 1 end'
        ) }}
),

rolled_up as (
    {{ roll_up('held_against') }}
),

summed as (
    select
        bands.entity,
        bands.measure,
        bands.scope,
        bands.basis,
        bands.lowest_percent,
        bands.highest_percent,
        bands.smallest_rows,
        rolled_up.entity_code,
        rolled_up.month,
        -- Means of months, added up in any order: what lies beyond the sixth decimal is the order's.
        round(sum(rolled_up.rows_before), 6) as rows_before,
        round(
            sum(case when bands.measure = 'rows' then rolled_up.rows_before else rolled_up.amount_before_vnd end), 6
        ) as before_value,
        sum(rolled_up.rows_now) as rows_now,
        sum(case when bands.measure = 'rows' then rolled_up.rows_now else rolled_up.amount_now_vnd end) as new_value,
        bool_or(rolled_up.may_be_small) as may_be_small,
        bool_or(rolled_up.may_grow) as may_grow
    from rolled_up
    inner join bands_of_groups as bands
        on
            rolled_up.entity = bands.entity
            and rolled_up.scope = bands.scope
            and rolled_up.basis = bands.basis
            and rolled_up.group_code = bands.of_group
            and rolled_up.trailing_months is not distinct from bands.trailing_months
    group by
        bands.entity, bands.measure, bands.scope, bands.basis, bands.lowest_percent, bands.highest_percent,
        bands.smallest_rows, rolled_up.entity_code, rolled_up.month
),

-- Where little is expected, chance alone moves far: nothing is too small, and too large is counted from the smallest
-- number of rows on. A sum of money of few rows is one land-use fee or none: it is not judged.
banded as (
    select
        *,
        case
            when may_be_small or rows_before < smallest_rows then 0
            else floor(round(before_value * lowest_percent / 100, 6))
        end as lowest_value,
        case
            when may_grow then null
            when measure = 'vnd' then ceil(round(before_value * highest_percent / 100, 6))
            else ceil(round(greatest(before_value, smallest_rows) * highest_percent / 100, 6))
        end as highest_value
    from summed
    where measure = 'rows' or rows_before >= smallest_rows
    qualify
        scope <> 'agency' or {{ latest_by(
            ['entity', 'measure', 'scope', 'entity_code', 'month'],
            "case basis when 'published' then 0 when 'reported' then 1 else 2 end"
        ) }}
),

named as (
    select
        banded.entity,
        banded.measure,
        banded.scope,
        banded.entity_code,
        coalesce(agencies.name_vi, agency_groups.group_name_vi, province.name_vi) as entity_name_vi,
        banded.month,
        banded.basis,
        cast(round(banded.before_value) as bigint) as before_value,
        cast(banded.lowest_value as bigint) as lowest_value,
        cast(banded.highest_value as bigint) as highest_value,
        cast(banded.new_value as bigint) as new_value
    from banded
    cross join province
    left join agencies on case when banded.scope = 'agency' then banded.entity_code end = agencies.agency_code
    left join agency_groups on case when banded.scope = 'group' then banded.entity_code end = agency_groups.group_code
)

select
    named.*,
    coalesce(accepted.entity, accepted_after_any.entity) is not null as is_accepted,
    case
        when coalesce(accepted.entity, accepted_after_any.entity) is not null then named.new_value
        when named.new_value < named.lowest_value then named.lowest_value
        when named.new_value > named.highest_value then named.highest_value
        else named.new_value
    end as allowed_value
from named
left join accepted
    on
        named.entity = accepted.entity
        and named.measure = accepted.measure
        and named.scope = accepted.scope
        and named.entity_code = accepted.entity_code
        and named.month = accepted.month
        and named.new_value = accepted.new_value
        and named.before_value = accepted.before_value
-- Whatever stood before it.
left join accepted as accepted_after_any
    on
        {{ share('named', 'accepted_after_any', ['entity', 'measure', 'scope', 'entity_code', 'month', 'new_value']) }}
        and accepted_after_any.before_value is null
qualify
    {{ latest_by(
        ['named.entity', 'named.measure', 'named.scope', 'named.entity_code', 'named.month', 'named.basis'],
        'accepted.before_value'
    ) }}
order by named.entity, named.measure, named.scope, named.entity_code, named.month, named.basis
