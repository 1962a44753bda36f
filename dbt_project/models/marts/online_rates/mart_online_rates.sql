-- One row per scope (agency, group, province), entity and month.
{% set measures = [
    'received', 'direct', 'direct_assumed', 'online', 'postal', 'online_level_3', 'online_level_4', 'online_no_level'
] -%}
with filings as (select * from {{ ref('fct_filings') }}),

agencies as (select * from {{ ref('dim_agencies') }}),

extracts as (select * from {{ ref('stg_landing__extracts') }}),

province as (select * from {{ ref('stg_province__province') }}),

small_bases as (
    select * from {{ ref('ref_small_bases') }}
    where measure = 'share'
),

deliveries as (
    select
        month,
        agency_code,
        {{ is_month_complete() }} as is_delivered
    from {{ ref('fct_feed_deliveries') }}
    where entity = 'filings'
    group by month, agency_code
),

caveats as (
    select
        month,
        scope,
        entity_code,
        sum(case when caveat_id = 'quarantined_rows' then row_count end) as quarantined_rows,
        {{ dbt.listagg('text_vi', "' · '", 'order by caveat_id') }} as caveat_vi,
        {{ dbt.listagg('text_en', "' · '", 'order by caveat_id') }} as caveat_en
    from {{ ref('mart_caveats') }}
    where subject = 'filings'
    group by month, scope, entity_code
),

-- A month that no file is for has no row: what a feed of changes says of it is a part that would look like the whole.
months as (
    select file_month as month from extracts
    where entity = 'filings'
    union distinct
    select month from deliveries
),

-- An agency that delivered and had no filings is 0, with no rate; one outside its validity has no row.
agency_months as (
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
    inner join agencies
        on
            agencies.valid_from <= {{ dbt.last_day('months.month', 'month') }}
            and (agencies.valid_to is null or months.month <= agencies.valid_to)
    -- An agency that changed inside the month is shown once, as it was at the month's end.
    qualify
        row_number() over (
            partition by months.month, agencies.agency_code
            order by agencies.valid_from desc
        ) = 1

    union all

    select distinct
        filings.received_month as month,
        agencies.agency_code,
        agencies.name_vi,
        agencies.short_name_vi,
        agencies.group_code,
        agencies.group_name_vi,
        agencies.group_order,
        agencies.official_order
    from filings
    inner join agencies on filings.agency_key = agencies.agency_key
    inner join months on filings.received_month = months.month
    where filings.is_received and not agencies.is_known
),

counted as (
    select
        received_month as month,
        agency_code,
        {{ sum_filing_measures('1') }},
        sum(case when is_channel_assumed then 1 else 0 end) as direct_assumed
    from filings
    where is_received
    group by received_month, agency_code
),

-- An agency that did not deliver is NULL, not 0, and not the few rows of it that stand in other months' files; one that
-- delivered and had none is 0.
agency_counts as (
    select
        agency_months.*,
        cast(case when coalesce(deliveries.is_delivered, true) then 0 else 1 end as bigint) as missing_agencies
        {%- for measure in measures %},
        case
            when coalesce(deliveries.is_delivered, true) then coalesce(counted.{{ measure }}, 0)
        end as {{ measure }}{% endfor %}
    from agency_months
    left join counted
        on agency_months.month = counted.month and agency_months.agency_code = counted.agency_code
    left join deliveries
        on agency_months.month = deliveries.month and agency_months.agency_code = deliveries.agency_code
),

agency_rows as (
    select
        month,
        'agency' as scope,
        agency_code as entity_code,
        name_vi as entity_name_vi,
        short_name_vi,
        group_code,
        official_order,
        cast(case when agency_code = 'unknown' then 0 else 1 end as bigint) as agency_count,
        missing_agencies
        {%- for measure in measures %},
        cast({{ measure }} as bigint) as {{ measure }}{% endfor %}
    from agency_counts
),

group_rows as (
    select
        month,
        'group' as scope,
        group_code as entity_code,
        group_name_vi as entity_name_vi,
        group_name_vi as short_name_vi,
        group_code,
        group_order as official_order,
        cast(count(distinct nullif(agency_code, 'unknown')) as bigint) as agency_count,
        cast(sum(missing_agencies) as bigint) as missing_agencies
        {%- for measure in measures %},
        cast(sum({{ measure }}) as bigint) as {{ measure }}{% endfor %}
    from agency_counts
    group by month, group_code, group_name_vi, group_order
),

province_rows as (
    select
        agency_counts.month,
        'province' as scope,
        province.province_code as entity_code,
        province.name_vi as entity_name_vi,
        province.name_vi as short_name_vi,
        cast(null as {{ dbt.type_string() }}) as group_code,
        0 as official_order,
        cast(count(distinct nullif(agency_counts.agency_code, 'unknown')) as bigint) as agency_count,
        cast(sum(agency_counts.missing_agencies) as bigint) as missing_agencies
        {%- for measure in measures %},
        cast(sum(agency_counts.{{ measure }}) as bigint) as {{ measure }}{% endfor %}
    from agency_counts
    cross join province
    group by agency_counts.month, province.province_code, province.name_vi
),

all_rows as (
    select * from agency_rows
    union all
    select * from group_rows
    union all
    select * from province_rows
),

-- A zero denominator has no rate: NULL, never 0 %.
rated as (
    select
        *,
        100.0 * online / nullif(received, 0) as online_rate_percent
    from all_rows
),

ranked as (
    select
        *,
        case
            when scope = 'agency' and group_code <> 'unknown' and online_rate_percent is not null
                then rank() over (
                    partition by month, scope, group_code
                    order by online_rate_percent desc nulls last
                )
        end as rank_in_group
    from rated
),

computed as (
    select
        ranked.month,
        ranked.scope,
        ranked.entity_code,
        ranked.entity_name_vi,
        ranked.short_name_vi,
        ranked.group_code,
        cast(ranked.official_order as integer) as official_order,
        ranked.agency_count,
        ranked.missing_agencies{% for measure in measures %},
        ranked.{{ measure }}{% endfor %},
        cast(ranked.online_rate_percent as double) as online_rate_percent,
        cast(ranked.rank_in_group as integer) as rank_in_group,
        cast(coalesce(caveats.quarantined_rows, 0) as bigint) as quarantined_rows,
        caveats.caveat_vi,
        caveats.caveat_en,
        ranked.received < small_bases.smallest_base as is_small_base
    from ranked
    left join small_bases
        on
            ranked.month >= coalesce(small_bases.valid_from, ranked.month)
            and ranked.month <= coalesce(small_bases.valid_to, ranked.month)
    left join caveats
        on
            ranked.month = caveats.month
            and ranked.scope = caveats.scope
            and ranked.entity_code = caveats.entity_code
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, scope, official_order, entity_code
