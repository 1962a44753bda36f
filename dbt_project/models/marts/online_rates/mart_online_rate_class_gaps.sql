-- One row per definition of the online rate, month, agency and class of filings that the report's own places otherwise.
with definitions as (
    select * from {{ ref('mart_online_rate_definitions') }}
),

classes as (select * from {{ ref('fct_online_rate_classes') }}),

-- An agency whose feed did not come has no figures, so nothing of it makes a difference.
agencies as (
    select * from {{ ref('mart_online_rates') }}
    where scope = 'agency' and received is not null
),

-- What the report counts by is decided for each month; a closed month has the definition that it was closed with.
report_definitions as (
    select distinct
        month,
        metric_id,
        version
    from definitions
    where is_report_definition and is_in_force
),

-- A filing leaves for the reason of the definition that leaves it out, and enters for the reason of the report's.
moved as (
    select
        classes.metric_id,
        classes.version,
        report_classes.metric_id as report_metric_id,
        report_classes.version as report_version,
        classes.month,
        classes.agency_code,
        agencies.group_code,
        classes.class_key,
        classes.channel_code,
        classes.level_code,
        classes.catalogue_level_code,
        coalesce(
            case
                when classes.is_in_denominator <> report_classes.is_in_denominator
                    then coalesce(classes.denominator_reason, report_classes.denominator_reason)
            end,
            classes.numerator_reason,
            report_classes.numerator_reason
        ) as reason_id,
        classes.filing_count,
        report_classes.is_in_numerator and not classes.is_in_numerator as leaves_numerator,
        classes.is_in_numerator and not report_classes.is_in_numerator as enters_numerator,
        report_classes.is_in_denominator and not classes.is_in_denominator as leaves_denominator,
        classes.is_in_denominator and not report_classes.is_in_denominator as enters_denominator
    from classes
    inner join agencies on classes.month = agencies.month and classes.agency_code = agencies.entity_code
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
)

select
    metric_id,
    version,
    report_metric_id,
    report_version,
    month,
    agency_code,
    group_code,
    class_key,
    channel_code,
    level_code,
    catalogue_level_code,
    reason_id,
    filing_count
    {%- for place in ['leaves_numerator', 'enters_numerator', 'leaves_denominator', 'enters_denominator'] %},
    case when {{ place }} then filing_count else 0 end as {{ place }}{% endfor %}
from moved
order by month, agency_code, metric_id, version, class_key
