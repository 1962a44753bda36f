-- One row per month of receipt, scope, entity and reason for which filings flagged as paid are not those paid online.
with filings as (
    select * from {{ ref('fct_filing_duties') }}
    where flag_gap_reason is not null
),

duties as (select * from {{ ref('mart_payment_duties') }}),

reasons as (select * from {{ ref('ref_payment_flag_reasons') }}),

agency_rows as (
    select
        duties.month,
        duties.entity_code,
        duties.group_code,
        filings.flag_gap_reason as reason_id,
        sum(case when filings.is_flagged_paid then 1 else 0 end) as enters,
        sum(case when filings.is_flagged_paid then 0 else 1 end) as leaves
    from filings
    inner join duties
        on filings.received_month = duties.month and filings.agency_code = duties.entity_code
    where duties.scope = 'agency' and duties.received is not null
    group by duties.month, duties.entity_code, duties.group_code, filings.flag_gap_reason
),

summed as (
    select
        duties.month,
        duties.scope,
        duties.entity_code,
        duties.entity_name_vi,
        duties.group_code,
        duties.official_order,
        duties.with_duty,
        duties.missing_agencies,
        agency_rows.reason_id,
        cast(sum(agency_rows.enters) as bigint) as enters,
        cast(sum(agency_rows.leaves) as bigint) as leaves
    from duties
    inner join agency_rows on {{ belongs_to('agency_rows', 'duties') }}
    group by
        duties.month,
        duties.scope,
        duties.entity_code,
        duties.entity_name_vi,
        duties.group_code,
        duties.official_order,
        duties.with_duty,
        duties.missing_agencies,
        agency_rows.reason_id
),

computed as (
    select
        summed.month,
        summed.scope,
        summed.entity_code,
        summed.entity_name_vi,
        summed.group_code,
        summed.official_order,
        summed.reason_id,
        reasons.official_order as reason_order,
        reasons.name_vi as reason_name_vi,
        reasons.name_en as reason_name_en,
        summed.enters + summed.leaves as filing_count,
        summed.enters,
        summed.leaves,
        summed.enters - summed.leaves as difference,
        cast(100.0 * (summed.enters - summed.leaves) / nullif(summed.with_duty, 0) as double) as difference_points,
        summed.missing_agencies
    from summed
    inner join reasons on summed.reason_id = reasons.reason_id
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, scope, official_order, entity_code, reason_order
