-- One row per month, code that sent it and component: what sources send of the index, where all that is owed is there.
with components as (
    select
        component_id,
        bool_or(is_additive) as is_additive
    from {{ ref('ref_index_components') }}
    where coalesce(valid_to >= valid_from, true)
    group by component_id
),

known_codes as (select * from {{ ref('ref_index_count_components') }}),

counts as (select * from {{ ref('fct_index_counts') }}),

calendar as (
    select * from {{ ref('stg_province__expected_feeds') }}
    where entity = 'index_counts'
),

rates as (select * from {{ ref('mart_online_rates') }}),

months as (select distinct month from rates),

rated_agencies as (
    select
        month,
        entity_code
    from rates
    where scope = 'agency'
),

-- What a source sends for a component, summed over codes that mean the same.
fed_by_source as (
    select
        counts.source_id,
        counts.month,
        counts.source_agency_code,
        known_codes.component_id,
        sum(counts.numerator) as numerator,
        sum(counts.denominator) as denominator
    from counts
    inner join known_codes on counts.component = known_codes.source_component
    where counts.numerator is not null and counts.denominator is not null
    group by counts.source_id, counts.month, counts.source_agency_code, known_codes.component_id
),

first_sent as (
    select
        source_id,
        source_agency_code,
        component_id,
        min(month) as first_month
    from fed_by_source
    group by source_id, source_agency_code, component_id
),

-- Whoever sent its part in an earlier month owes it, unless the calendar has ended that: the other sources' parts would
-- pass for the whole.
owed_parts as (
    select
        first_sent.source_id,
        months.month,
        first_sent.source_agency_code,
        first_sent.component_id
    from first_sent
    inner join months on first_sent.first_month < months.month
    left join calendar
        on
            first_sent.source_id = calendar.source_id
            and calendar.agency_code in ('*', first_sent.source_agency_code)
    group by first_sent.source_id, months.month, first_sent.source_agency_code, first_sent.component_id
    having
        count(calendar.source_id) = 0
        or bool_or(
            months.month between calendar.valid_from and coalesce(calendar.valid_to, cast('9999-12-31' as date))
        )
),

incomplete as (
    select distinct
        owed_parts.month,
        owed_parts.source_agency_code,
        owed_parts.component_id
    from owed_parts
    left join fed_by_source
        on {{ share('owed_parts', 'fed_by_source', ['source_id', 'month', 'source_agency_code', 'component_id']) }}
    where fed_by_source.month is null
),

-- Summed over sources.
fed as (
    select
        fed_by_source.month,
        fed_by_source.source_agency_code,
        fed_by_source.component_id,
        sum(fed_by_source.numerator) as numerator,
        sum(fed_by_source.denominator) as denominator
    from fed_by_source
    inner join months on fed_by_source.month = months.month
    left join incomplete
        on {{ share('fed_by_source', 'incomplete', ['month', 'source_agency_code', 'component_id']) }}
    where incomplete.month is null
    group by fed_by_source.month, fed_by_source.source_agency_code, fed_by_source.component_id
)

-- Counts of filings of an agency that is not in force stay in the province's sum, under the unknown member.
select
    fed.month,
    fed.source_agency_code,
    fed.component_id,
    coalesce(components.is_additive, false) as is_additive,
    coalesce(rated_agencies.entity_code, 'unknown') as agency_code,
    fed.numerator,
    fed.denominator
from fed
left join components on fed.component_id = components.component_id
left join rated_agencies
    on fed.month = rated_agencies.month and fed.source_agency_code = rated_agencies.entity_code
