-- One row per definition of the online rate, version, scope (agency, group, province), entity and month.
with definitions as (
    select * from {{ ref('mart_metric_definitions') }}
    where metric = 'online_rate'
),

classes as (select * from {{ ref('fct_online_rate_classes') }}),

-- Which entities a month has, whose feed did not come, and which agencies a group has, is decided once, there.
rates as (select * from {{ ref('mart_online_rates') }}),

counted as (
    select
        metric_id,
        version,
        month,
        agency_code,
        sum(case when is_in_numerator then filing_count else 0 end) as numerator,
        sum(case when is_in_denominator then filing_count else 0 end) as denominator,
        sum(case when is_placed_otherwise_by_catalogue then filing_count else 0 end) as placed_otherwise_by_catalogue
    from classes
    group by metric_id, version, month, agency_code
),

agency_rows as (
    select
        definitions.metric_id,
        definitions.version,
        rates.month,
        rates.entity_code,
        rates.group_code,
        case when rates.received is not null then coalesce(counted.numerator, 0) end as numerator,
        case when rates.received is not null then coalesce(counted.denominator, 0) end as denominator,
        case
            when rates.received is not null then coalesce(counted.placed_otherwise_by_catalogue, 0)
        end as placed_otherwise_by_catalogue
    from rates
    cross join definitions
    left join counted
        on
            rates.month = counted.month
            and rates.entity_code = counted.agency_code
            and definitions.metric_id = counted.metric_id
            and definitions.version = counted.version
    where rates.scope = 'agency'
),

-- An agency without data is in no sum, as in mart_online_rates.
summed as (
    select
        rates.month,
        rates.scope,
        rates.entity_code,
        rates.entity_name_vi,
        rates.group_code,
        rates.official_order,
        rates.missing_agencies,
        agency_rows.metric_id,
        agency_rows.version,
        cast(sum(agency_rows.numerator) as bigint) as numerator,
        cast(sum(agency_rows.denominator) as bigint) as denominator,
        cast(sum(agency_rows.placed_otherwise_by_catalogue) as bigint) as placed_otherwise_by_catalogue
    from rates
    inner join agency_rows on {{ belongs_to('agency_rows', 'rates') }}
    group by
        rates.month,
        rates.scope,
        rates.entity_code,
        rates.entity_name_vi,
        rates.group_code,
        rates.official_order,
        rates.missing_agencies,
        agency_rows.metric_id,
        agency_rows.version
),

computed as (
    select
        summed.metric_id,
        summed.version,
        summed.month,
        summed.scope,
        summed.entity_code,
        summed.entity_name_vi,
        summed.group_code,
        summed.official_order,
        definitions.name_vi,
        definitions.name_en,
        definitions.numerator_vi,
        definitions.numerator_en,
        definitions.denominator_vi,
        definitions.denominator_en,
        definitions.exclusions_vi,
        definitions.exclusions_en,
        nullif(definitions.not_applied_vi, '') as not_applied_vi,
        nullif(definitions.not_applied_en, '') as not_applied_en,
        definitions.legal_basis_vi,
        definitions.legal_basis_en,
        definitions.certainty,
        definitions.is_report_definition,
        {{ is_in_force('definitions', 'summed.month') }} as is_in_force,
        summed.missing_agencies,
        summed.numerator,
        summed.denominator,
        -- A zero denominator has no rate: NULL, never 0 %.
        cast(100.0 * summed.numerator / nullif(summed.denominator, 0) as double) as rate_percent,
        summed.placed_otherwise_by_catalogue
    from summed
    inner join definitions
        on summed.metric_id = definitions.metric_id and summed.version = definitions.version
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, scope, official_order, entity_code, metric_id, version
