-- One row per reporting period (of one calendar), scope (agency, group, province) and entity.
{% set measures = filing_metrics() -%}
with periods as (select * from {{ ref('dim_reporting_periods') }}),

rates as (
    select * from {{ ref('mart_online_rates') }}
    where scope = 'agency'
),

filings as (
    select * from {{ ref('fct_filings') }}
    where is_received
),

agencies as (select * from {{ ref('dim_agencies') }}),

province as (select * from {{ ref('stg_province__province') }}),

caveats as (
    select * from {{ ref('mart_caveats') }}
    where subject = 'filings'
),

monthly as (
    select
        month,
        entity_code as agency_code,
        entity_name_vi,
        group_code,
        official_order,
        received is not null as is_present{% for measure in measures %},
        {{ measure }}{% endfor %}
    from rates
),

period_months as (
    {{ select_period_months() }}
),

received_by_day as (
    select
        cast(received_at as date) as happened_on,
        received_month as month,
        agency_code,
        {{ sum_filing_measures('1') }}
    from filings
    group by cast(received_at as date), received_month, agency_code
),

daily as (
    {{ sum_days_of_periods('received_by_day', measures) }}
),

{{ sum_periods(measures) }},

-- A zero denominator has no rate: NULL, never 0 %.
computed as (
    select
        period_key,
        calendar_id,
        period_code,
        kind,
        year,
        month,
        first_day,
        last_day,
        period_name_vi,
        period_name_en,
        calendar_name_vi,
        calendar_name_en,
        scope,
        entity_code,
        entity_name_vi,
        group_code,
        official_order,
        months_expected,
        months_present,
        agency_count,
        missing_agencies{% for measure in measures %},
        {{ measure }}{% endfor %},
        cast(100.0 * online / nullif(received, 0) as double) as online_rate_percent,
        quarantined_rows,
        caveats_json
    from summed
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by calendar_id, first_day, last_day, scope, official_order, entity_code
