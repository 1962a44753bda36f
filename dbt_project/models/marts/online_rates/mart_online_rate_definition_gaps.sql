-- One row per definition of the online rate against the report's own, scope, entity, month and reason.
with definitions as (select * from {{ ref('mart_metric_definitions') }}),

classes as (select * from {{ ref('fct_online_rate_classes') }}),

rates as (select * from {{ ref('mart_online_rates') }}),

reasons as (select * from {{ ref('ref_online_rate_reasons') }}),

months as (select distinct month from rates),

-- What the report counts by is decided for each month.
report_definitions as (
    select
        months.month,
        definitions.metric_id,
        definitions.version
    from months
    inner join definitions on {{ is_in_force('definitions', 'months.month') }}
    where definitions.metric = 'online_rate' and definitions.is_report_definition
),

-- A filing leaves for the reason of the definition that leaves it out, and enters for the reason of the report's.
moved as (
    select
        classes.metric_id,
        classes.version,
        report_definitions.metric_id as report_metric_id,
        report_definitions.version as report_version,
        classes.month,
        classes.agency_code,
        coalesce(
            case
                when classes.is_in_denominator <> report_classes.is_in_denominator
                    then coalesce(classes.denominator_reason, report_classes.denominator_reason)
            end,
            classes.numerator_reason,
            report_classes.numerator_reason
        ) as reason_id,
        classes.filing_count,
        case when report_classes.is_in_numerator and not classes.is_in_numerator then 1 else 0 end as leaves_numerator,
        case when classes.is_in_numerator and not report_classes.is_in_numerator then 1 else 0 end as enters_numerator,
        case
            when report_classes.is_in_denominator and not classes.is_in_denominator then 1
            else 0
        end as leaves_denominator,
        case
            when classes.is_in_denominator and not report_classes.is_in_denominator then 1
            else 0
        end as enters_denominator
    from classes
    inner join report_definitions on classes.month = report_definitions.month
    inner join classes as report_classes
        on
            report_definitions.metric_id = report_classes.metric_id
            and report_definitions.version = report_classes.version
            and classes.month = report_classes.month
            and classes.agency_code = report_classes.agency_code
            and classes.class_key = report_classes.class_key
    where
        classes.is_in_numerator <> report_classes.is_in_numerator
        or classes.is_in_denominator <> report_classes.is_in_denominator
),

-- An agency whose feed did not come has no figures, so nothing of it makes a difference.
agency_rows as (
    select
        moved.*,
        rates.entity_code,
        rates.group_code
    from moved
    inner join rates
        on moved.month = rates.month and moved.agency_code = rates.entity_code
    where rates.scope = 'agency' and rates.received is not null
),

computed as (
    select
        agency_rows.metric_id,
        agency_rows.version,
        agency_rows.report_metric_id,
        agency_rows.report_version,
        rates.month,
        rates.scope,
        rates.entity_code,
        rates.entity_name_vi,
        agency_rows.reason_id,
        reasons.name_vi as reason_name_vi,
        reasons.name_en as reason_name_en,
        cast(sum(agency_rows.filing_count) as bigint) as filing_count
        {%- for place in ['leaves_numerator', 'enters_numerator', 'leaves_denominator', 'enters_denominator'] %},
        cast(sum(agency_rows.{{ place }} * agency_rows.filing_count) as bigint) as {{ place }}{% endfor %},
        rates.missing_agencies,
        rates.caveat_vi,
        rates.caveat_en
    from rates
    inner join agency_rows on {{ belongs_to('agency_rows', 'rates') }}
    inner join reasons on agency_rows.reason_id = reasons.reason_id
    group by
        agency_rows.metric_id,
        agency_rows.version,
        agency_rows.report_metric_id,
        agency_rows.report_version,
        rates.month,
        rates.scope,
        rates.entity_code,
        rates.entity_name_vi,
        agency_rows.reason_id,
        reasons.name_vi,
        reasons.name_en,
        rates.missing_agencies,
        rates.caveat_vi,
        rates.caveat_en
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, scope, entity_code, metric_id, version, reason_id
