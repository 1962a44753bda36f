-- One row per definition of the online rate against the report's own, scope, entity, month and reason.
with agency_rows as (
    select
        *,
        agency_code as entity_code
    from {{ ref('mart_online_rate_class_gaps') }}
),

rates as (select * from {{ ref('mart_online_rates') }}),

reasons as (select * from {{ ref('ref_online_rate_reasons') }}),

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
        cast(sum(agency_rows.{{ place }}) as bigint) as {{ place }}{% endfor %},
        rates.missing_agencies,
        rates.caveats_json
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
        rates.caveats_json
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, scope, entity_code, metric_id, version, reason_id
