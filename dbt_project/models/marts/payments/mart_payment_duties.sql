-- One row per month of receipt, scope (agency, group, province) and entity: who owes a fee, and how it was paid.
{% set measures = [
    'received', 'fee_bearing', 'no_fee', 'unknown_procedure', 'waived', 'with_duty', 'paid_online', 'paid_otherwise',
    'asked_not_paid', 'not_asked', 'paid_online_without_duty', 'flagged_paid',
] -%}
with duties as (select * from {{ ref('fct_filing_duties') }}),

-- Which entities a month has, and which agencies a group has, is decided once, there.
rates as (select * from {{ ref('mart_online_rates') }}),

payments as (select * from {{ ref('mart_payments') }}),

counted as (
    select
        received_month as month,
        agency_code,
        count(*) as received,
        sum(case when is_fee_bearing then 1 else 0 end) as fee_bearing,
        sum(case when not is_fee_bearing then 1 else 0 end) as no_fee,
        sum(case when is_fee_bearing is null then 1 else 0 end) as unknown_procedure,
        sum(case when is_fee_bearing and is_duty_waived then 1 else 0 end) as waived,
        sum(case when has_duty then 1 else 0 end) as with_duty,
        sum(case when has_duty and is_paid_online then 1 else 0 end) as paid_online,
        sum(case when has_duty and is_paid_otherwise then 1 else 0 end) as paid_otherwise,
        sum(
            case
                when has_duty and request_count > 0 and not is_paid_online and not is_paid_otherwise then 1
                else 0
            end
        ) as asked_not_paid,
        sum(case when has_duty and request_count = 0 then 1 else 0 end) as not_asked,
        sum(case when is_paid_online and not coalesce(has_duty, false) then 1 else 0 end) as paid_online_without_duty,
        sum(case when is_flagged_paid then 1 else 0 end) as flagged_paid
    from duties
    group by received_month, agency_code
),

-- Two feeds make the figures: without the filings or without the payments of the month there are none.
agency_months as (
    select
        rates.month,
        rates.entity_code,
        rates.group_code,
        rates.received is not null
        and coalesce(payments.is_month_loaded, whole.is_month_loaded, false) as is_delivered
    from rates
    left join payments
        on
            rates.month = payments.month
            and rates.entity_code = payments.entity_code
            and payments.scope = 'agency'
    left join payments as whole on rates.month = whole.month and whole.scope = 'province'
    where rates.scope = 'agency'
),

agency_rows as (
    select
        agency_months.*,
        case when agency_months.is_delivered or agency_months.entity_code = 'unknown' then 0 else 1 end
            as missing_agencies{% for measure in measures %},
        case when agency_months.is_delivered then coalesce(counted.{{ measure }}, 0) end as {{ measure }}{% endfor %}
    from agency_months
    left join counted
        on agency_months.month = counted.month and agency_months.entity_code = counted.agency_code
),

-- An agency without data is in no sum.
summed as (
    select
        rates.month,
        rates.scope,
        rates.entity_code,
        rates.entity_name_vi,
        rates.group_code,
        rates.official_order,
        cast(sum(agency_rows.missing_agencies) as bigint) as missing_agencies{% for measure in measures %},
        cast(sum(agency_rows.{{ measure }}) as bigint) as {{ measure }}{% endfor %}
    from rates
    inner join agency_rows on {{ belongs_to('agency_rows', 'rates') }}
    group by
        rates.month,
        rates.scope,
        rates.entity_code,
        rates.entity_name_vi,
        rates.group_code,
        rates.official_order
),

computed as (
    select
        *,
        -- A zero denominator has no share: NULL, never 0 %.
        cast(100.0 * paid_online / nullif(with_duty, 0) as double) as paid_online_percent,
        cast(100.0 * flagged_paid / nullif(with_duty, 0) as double) as flagged_paid_percent,
        cast(100.0 * (flagged_paid - paid_online) / nullif(with_duty, 0) as double) as flag_difference_points
    from summed
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, scope, official_order, entity_code
