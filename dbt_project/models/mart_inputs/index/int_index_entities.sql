-- One row per month, span (month, year_to_date), scope and entity that the index is computed for.
with rates as (select * from {{ ref('mart_online_rates') }}),

fed_counts as (
    select * from {{ ref('int_index_fed_counts') }}
    where is_additive
),

agencies as (
    select * from {{ ref('dim_agencies') }}
    where not is_known
),

scopes as (
    select distinct scope from rates
    where scope <> 'province'
),

months as (select distinct month from rates),

-- Counts were fed that no agency of the month takes, and the month has no row of the unknown member.
stray_months as (
    select distinct fed_counts.month
    from fed_counts
    left join rates
        on
            rates.scope = 'agency'
            and fed_counts.month = rates.month
            and fed_counts.agency_code = rates.entity_code
    where rates.entity_code is null
),

entities as (
    select
        month,
        scope,
        entity_code,
        entity_name_vi,
        group_code,
        official_order,
        received is not null as has_filings
    from rates

    union all

    select
        stray_months.month,
        scopes.scope,
        agencies.agency_code as entity_code,
        agencies.name_vi as entity_name_vi,
        agencies.group_code,
        agencies.official_order,
        true as has_filings
    from stray_months
    cross join agencies
    cross join scopes
),

spans as (
    select
        month,
        'month' as span,
        month as first_month
    from months
    union all
    select
        month,
        'year_to_date' as span,
        cast(date_trunc('year', month) as date) as first_month
    from months
),

-- The months of a span of which there is anything at all.
coverage as (
    select
        spans.month,
        spans.span,
        spans.first_month,
        count(*)
        = extract(month from spans.month) - extract(month from spans.first_month) + 1 as is_covered
    from spans
    inner join months
        on
            date_trunc('year', spans.month) = date_trunc('year', months.month)
            and months.month between spans.first_month and spans.month
    group by spans.month, spans.span, spans.first_month
)

select
    entities.month,
    coverage.span,
    entities.scope,
    entities.entity_code,
    entities.entity_name_vi,
    entities.group_code,
    entities.official_order,
    entities.has_filings,
    coverage.first_month,
    coverage.is_covered
from entities
inner join coverage on entities.month = coverage.month
