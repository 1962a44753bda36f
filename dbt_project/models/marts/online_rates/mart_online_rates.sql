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

agencies_in_force as (select * from {{ ref('int_agency_months') }}),

deliveries as (
    select * from {{ ref('int_deliveries') }}
    where entity = 'filings'
),

caveats as (
    select * from {{ ref('int_entity_caveats') }}
    where subject = 'filings'
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
    select agencies_in_force.*
    from agencies_in_force
    inner join months on agencies_in_force.month = months.month

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

scoped as (
    {{ roll_up('agency_counts', names=['name_vi']) }}
),

all_rows as (
    select
        month,
        scope,
        entity_code,
        entity_name_vi,
        case when scope = 'agency' then any_value(short_name_vi) else entity_name_vi end as short_name_vi,
        entity_group_code as group_code,
        entity_order as official_order,
        cast(count(distinct nullif(agency_code, 'unknown')) as bigint) as agency_count,
        cast(sum(missing_agencies) as bigint) as missing_agencies
        {%- for measure in measures %},
        cast(sum({{ measure }}) as bigint) as {{ measure }}{% endfor %}
    from scoped
    group by month, scope, entity_code, entity_name_vi, entity_group_code, entity_order
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
        caveats.caveats_json,
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
