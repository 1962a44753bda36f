-- One row per entity, measure, scope, code, month and basis that has a band: before, the band, and the figure.
{% set counted = {
    'filings': ('fct_filings', 'received_month', 'is_received', 'stg_history__filings'),
    'payment_requests': ('fct_payments', 'paid_month', 'is_paid', 'stg_history__payments'),
    'payment_attempts': ('fct_payment_attempts', 'attempted_month', 'true', 'stg_history__payment_attempts'),
} -%}
with bands as (select * from {{ ref('stg_province__drift_bands') }}),

province as (select * from {{ ref('stg_province__province') }}),

extracts as (
    select * from {{ ref('stg_landing__extracts') }}
    where is_active
),

accepted as (select * from {{ ref('stg_history__accepted_movements') }}),

-- One name per code, the newest: a renamed agency must not double its rows.
agencies as (
    select
        agency_code,
        name_vi,
        group_code,
        group_name_vi
    from {{ ref('dim_agencies') }}
    where is_known
    qualify row_number() over (partition by agency_code order by valid_from desc) = 1
),

agency_groups as (
    select distinct
        group_code,
        group_name_vi
    from agencies
),

{% for side in ['present', 'before'] -%}
counted_{{ side }} as (
    {% for entity, (fact, month, condition, history) in counted.items() -%}
    select
        '{{ entity }}' as entity,
        agency_code,
        {{ month }} as month,
        count(*) as row_count,
        {{ 'cast(null as bigint)' if entity == 'filings' else 'sum(amount_vnd)' }} as amount_vnd
    from {{ ref(fact if side == 'present' else history) }}
    where {{ month }} is not null and {{ condition }}
    group by agency_code, {{ month }}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

{% endfor -%}

complete_now as (
    select
        entity,
        month,
        agency_code
    from {{ ref('fct_feed_deliveries') }}
    group by entity, month, agency_code
    having {{ is_month_complete() }}
),

complete_before as (
    select
        entity,
        month,
        agency_code
    from {{ ref('stg_history__feeds') }}
    group by entity, month, agency_code
    having {{ is_month_complete() }}
),

-- A month whose files were all fetched before it ended is still running: it may grow, and it is not yet small.
running_now as (
    select
        entity,
        file_month as month
    from extracts
    group by entity, file_month
    having max(fetched_at) < {{ dbt.dateadd('month', 1, 'file_month') }}
),

running_before as (
    select month from {{ ref('stg_history__data_cut_off') }}
    where data_cut_off_at < {{ dbt.dateadd('month', 1, 'month') }}
),

-- Whatever became of it: an agency that was published and has nothing left is the first that must be seen.
published as (
    select
        'published' as basis,
        cast(null as integer) as trailing_months,
        complete_before.entity,
        complete_before.month,
        agencies.agency_code,
        agencies.group_code,
        cast(coalesce(counted_before.row_count, 0) as double) as rows_before,
        cast(coalesce(counted_before.amount_vnd, 0) as double) as vnd_before,
        coalesce(counted_present.row_count, 0) as rows_now,
        coalesce(counted_present.amount_vnd, 0) as vnd_now,
        false as may_be_small,
        running_before.month is not null as may_grow
    from complete_before
    inner join agencies on complete_before.agency_code = agencies.agency_code
    left join counted_before
        on
            complete_before.entity = counted_before.entity
            and complete_before.month = counted_before.month
            and complete_before.agency_code = counted_before.agency_code
    left join counted_present
        on
            complete_before.entity = counted_present.entity
            and complete_before.month = counted_present.month
            and complete_before.agency_code = counted_present.agency_code
    left join running_before on complete_before.month = running_before.month
),

-- What did not come is for the feeds to tell; here stands what came whole, as far as anybody knows.
monthly as (
    select
        complete_now.entity,
        complete_now.month,
        agencies.agency_code,
        agencies.group_code,
        coalesce(counted_present.row_count, 0) as row_count,
        coalesce(counted_present.amount_vnd, 0) as amount_vnd,
        running_now.month is not null as is_running,
        complete_before.month is null as is_expected
    from complete_now
    inner join agencies on complete_now.agency_code = agencies.agency_code
    left join counted_present
        on
            complete_now.entity = counted_present.entity
            and complete_now.month = counted_present.month
            and complete_now.agency_code = counted_present.agency_code
    left join running_now on complete_now.entity = running_now.entity and complete_now.month = running_now.month
    left join complete_before
        on
            complete_now.entity = complete_before.entity
            and complete_now.month = complete_before.month
            and complete_now.agency_code = complete_before.agency_code
),

spans as (
    select distinct trailing_months from bands
    where basis = 'trailing'
),

-- The last months that came, not the last of the calendar: a month that is held must not leave the next ones unjudged.
placed as (
    select
        *,
        row_number() over (partition by entity, agency_code order by month) as place
    from monthly
    where not is_running or is_expected
),

months_before as (
    select
        'trailing' as basis,
        spans.trailing_months,
        placed.entity,
        placed.month,
        placed.agency_code,
        placed.group_code,
        avg(earlier.row_count) as rows_before,
        avg(earlier.amount_vnd) as vnd_before,
        placed.row_count as rows_now,
        placed.amount_vnd as vnd_now,
        placed.is_running as may_be_small,
        false as may_grow
    from placed
    cross join spans
    inner join placed as earlier
        on
            placed.entity = earlier.entity
            and placed.agency_code = earlier.agency_code
            and earlier.place between placed.place - spans.trailing_months and placed.place - 1
    where placed.is_expected
    group by
        spans.trailing_months, placed.entity, placed.month, placed.agency_code, placed.group_code, placed.row_count,
        placed.amount_vnd, placed.is_running
    having count(*) = spans.trailing_months
),

-- The agency's word on a month goes before what the months before it were like.
reported as (
    select
        'reported' as basis,
        cast(null as integer) as trailing_months,
        'filings' as entity,
        monthly.month,
        monthly.agency_code,
        monthly.group_code,
        cast(sum(audited.reported_value) as double) as rows_before,
        cast(0 as double) as vnd_before,
        monthly.row_count as rows_now,
        monthly.amount_vnd as vnd_now,
        monthly.is_running as may_be_small,
        false as may_grow
    from {{ ref('aud_reported_figures') }} as audited
    inner join monthly
        on
            audited.month = monthly.month
            and audited.source_agency_code = monthly.agency_code
            and monthly.entity = 'filings'
            and monthly.is_expected
    where audited.indicator = 'ho_so_tiep_nhan'
    group by
        monthly.month, monthly.agency_code, monthly.group_code, monthly.row_count, monthly.amount_vnd,
        monthly.is_running
),

held_against as (
    select * from published
    union all
    select * from months_before
    union all
    select * from reported
),

-- A group's own band goes before the one for every group.
bands_of_groups as (
    select
        bands.*,
        agency_groups.group_code as of_group
    from bands
    inner join agency_groups on coalesce(bands.group_code, '*') in ('*', agency_groups.group_code)
    qualify
        row_number() over (
            partition by bands.entity, bands.measure, bands.scope, bands.basis, agency_groups.group_code
            order by case when bands.group_code = agency_groups.group_code then 0 else 1 end
        ) = 1
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
        case bands.scope
            when 'agency' then held_against.agency_code
            when 'group' then held_against.group_code
            else province.province_code
        end as entity_code,
        held_against.month,
        sum(held_against.rows_before) as rows_before,
        sum(case when bands.measure = 'rows' then held_against.rows_before else held_against.vnd_before end)
            as before_value,
        sum(held_against.rows_now) as rows_now,
        sum(case when bands.measure = 'rows' then held_against.rows_now else held_against.vnd_now end) as new_value,
        bool_or(held_against.may_be_small) as may_be_small,
        bool_or(held_against.may_grow) as may_grow
    from held_against
    inner join bands_of_groups as bands
        on
            held_against.entity = bands.entity
            and held_against.basis = bands.basis
            and held_against.group_code = bands.of_group
            and held_against.trailing_months is not distinct from bands.trailing_months
    cross join province
    group by
        bands.entity, bands.measure, bands.scope, bands.basis, bands.lowest_percent, bands.highest_percent,
        bands.smallest_rows, entity_code, held_against.month
),

-- Where little is expected, chance alone moves far: nothing is too small, and too large is counted from the smallest
-- number of rows on. A sum of money of few rows is one land-use fee or none: it is not judged.
banded as (
    select
        *,
        case
            when may_be_small or rows_before < smallest_rows then 0
            else floor(before_value * lowest_percent / 100)
        end as lowest_value,
        case
            when may_grow then null
            when measure = 'vnd' then ceil(before_value * highest_percent / 100)
            else ceil(greatest(before_value, smallest_rows) * highest_percent / 100)
        end as highest_value
    from summed
    where measure = 'rows' or rows_before >= smallest_rows
    qualify
        scope <> 'agency' or row_number() over (
            partition by entity, measure, scope, entity_code, month
            order by case basis when 'published' then 0 when 'reported' then 1 else 2 end
        ) = 1
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
    left join agencies on banded.scope = 'agency' and banded.entity_code = agencies.agency_code
    left join agency_groups on banded.scope = 'group' and banded.entity_code = agency_groups.group_code
)

select
    named.*,
    accepted.entity is not null as is_accepted,
    case
        when accepted.entity is not null then named.new_value
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
        and (accepted.before_value is null or named.before_value = accepted.before_value)
qualify
    row_number() over (
        partition by named.entity, named.measure, named.scope, named.entity_code, named.month, named.basis
        order by accepted.before_value
    ) = 1
order by named.entity, named.measure, named.scope, named.entity_code, named.month, named.basis
