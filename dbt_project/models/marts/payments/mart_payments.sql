-- One row per scope (agency, group, province), entity and month. Whole VND; refunds apart, on their own day.
{% set payment_measures = [
    'online_payment_count', 'online_payment_amount_vnd', 'online_phi_vnd', 'online_le_phi_vnd',
    'online_refund_count', 'online_refund_amount_vnd', 'other_payment_count', 'other_payment_amount_vnd',
] -%}
{% set attempt_measures = [
    'attempt_count', 'attempt_success_count', 'attempt_failed_count', 'attempt_open_count',
] -%}
{% set measures = payment_measures + attempt_measures -%}
{% set to_date = [
    'online_payment_count', 'online_payment_amount_vnd', 'online_refund_count', 'online_refund_amount_vnd',
] -%}
with payments as (select * from {{ ref('fct_payments') }}),

attempts as (select * from {{ ref('fct_payment_attempts') }}),

agencies as (select * from {{ ref('dim_agencies') }}),

extracts as (select * from {{ ref('stg_landing__extracts') }}),

province as (select * from {{ ref('stg_province__province') }}),

payment_months as (
    select distinct file_month as month from extracts
    where entity = 'payment_requests'
),

{% for entity in ['payment_requests', 'payment_attempts'] -%}
{{ entity }}_deliveries as (
    select
        month,
        agency_code,
        {{ is_month_complete() }} as is_delivered
    from {{ ref('fct_feed_deliveries') }}
    where entity = '{{ entity }}'
    group by month, agency_code
),

{% endfor -%}

caveats as (
    select
        month,
        scope,
        entity_code,
        sum(case when caveat_id = 'quarantined_rows' then row_count end) as quarantined_rows,
        {{ dbt.listagg('text_vi', "' · '", 'order by caveat_id') }} as caveat_vi,
        {{ dbt.listagg('text_en', "' · '", 'order by caveat_id') }} as caveat_en
    from {{ ref('mart_caveats') }}
    where subject = 'payments'
    group by month, scope, entity_code
),

attempt_months as (
    select distinct file_month as month from extracts
    where entity = 'payment_attempts'
),

months as (
    select file_month as month from extracts
    where entity in ('filings', 'payment_requests')
    union distinct
    select paid_month as month from payments
    where is_paid
    union distinct
    select refunded_month as month from payments
    where is_refunded
    union distinct
    select attempted_month as month from attempts
    where attempted_month is not null
),

paid as (
    select
        paid_month as month,
        agency_code,
        {{ sum_paid_measures('1') }},
        sum(case when is_online_payment then phi_vnd else 0 end) as online_phi_vnd,
        sum(case when is_online_payment then le_phi_vnd else 0 end) as online_le_phi_vnd
    from payments
    where is_paid
    group by paid_month, agency_code
),

refunded as (
    select
        refunded_month as month,
        agency_code,
        {{ sum_refund_measures('1') }}
    from payments
    where is_refunded and is_online_payment
    group by refunded_month, agency_code
),

tried as (
    select
        attempted_month as month,
        agency_code,
        count(*) as attempt_count,
        sum(case when status_id = 'succeeded' then 1 else 0 end) as attempt_success_count,
        sum(case when status_id = 'failed' then 1 else 0 end) as attempt_failed_count,
        sum(case when status_id = 'created' then 1 else 0 end) as attempt_open_count
    from attempts
    group by attempted_month, agency_code
),

known_agency_months as (
    select
        months.month,
        agencies.agency_code,
        agencies.name_vi,
        agencies.group_code,
        agencies.group_name_vi,
        agencies.group_order,
        agencies.official_order
    from months
    inner join agencies
        on
            agencies.valid_from <= {{ dbt.last_day('months.month', 'month') }}
            and (agencies.valid_to is null or months.month <= agencies.valid_to)
    qualify
        row_number() over (
            partition by months.month, agencies.agency_code
            order by agencies.valid_from desc
        ) = 1
),

moved as (
    select
        month,
        agency_code
    from paid
    union distinct
    select
        month,
        agency_code
    from refunded
    union distinct
    select
        month,
        agency_code
    from tried
),

-- What belongs to no known agency, or to one outside its validity, is shown as such and stays in the totals: in its own
-- month and, for the year to date, in every later month of the year.
stray_agency_months as (
    select
        months.month,
        agencies.agency_code,
        agencies.name_vi,
        agencies.group_code,
        agencies.group_name_vi,
        agencies.group_order,
        agencies.official_order
    from moved
    inner join months
        on
            moved.month <= months.month
            and date_trunc('year', moved.month) = date_trunc('year', months.month)
    inner join agencies on moved.agency_code = agencies.agency_code
    left join known_agency_months
        on
            months.month = known_agency_months.month
            and moved.agency_code = known_agency_months.agency_code
    where known_agency_months.agency_code is null
    qualify
        row_number() over (
            partition by months.month, agencies.agency_code
            order by agencies.valid_from desc
        ) = 1
),

agency_months as (
    select * from known_agency_months
    union all
    select * from stray_agency_months
),

-- A month whose payment file did not come is NULL, not 0, and not the few rows of it that stand in other months' files;
-- the same for attempts and their own file.
agency_counts as (
    select
        agency_months.*,
        payment_months.month is not null and coalesce(payment_requests_deliveries.is_delivered, true) as is_month_loaded
        {%- for measure in payment_measures %},
        case
            when payment_months.month is not null and coalesce(payment_requests_deliveries.is_delivered, true)
                then coalesce({{ measure }}, 0)
        end as {{ measure }}{% endfor %}
        {%- for measure in attempt_measures %},
        case
            when attempt_months.month is not null and coalesce(payment_attempts_deliveries.is_delivered, true)
                then coalesce({{ measure }}, 0)
        end as {{ measure }}{% endfor %}
    from agency_months
    left join payment_months on agency_months.month = payment_months.month
    left join payment_requests_deliveries
        on
            agency_months.month = payment_requests_deliveries.month
            and agency_months.agency_code = payment_requests_deliveries.agency_code
    left join payment_attempts_deliveries
        on
            agency_months.month = payment_attempts_deliveries.month
            and agency_months.agency_code = payment_attempts_deliveries.agency_code
    left join attempt_months on agency_months.month = attempt_months.month
    left join paid on agency_months.month = paid.month and agency_months.agency_code = paid.agency_code
    left join refunded
        on agency_months.month = refunded.month and agency_months.agency_code = refunded.agency_code
    left join tried on agency_months.month = tried.month and agency_months.agency_code = tried.agency_code
),

agency_rows as (
    select
        month,
        'agency' as scope,
        agency_code as entity_code,
        name_vi as entity_name_vi,
        group_code,
        official_order,
        is_month_loaded,
        is_month_loaded as is_month_whole{% for measure in measures %},
        {{ measure }}{% endfor %}
    from agency_counts
),

group_rows as (
    select
        month,
        'group' as scope,
        group_code as entity_code,
        group_name_vi as entity_name_vi,
        group_code,
        group_order as official_order,
        bool_or(is_month_loaded) as is_month_loaded,
        bool_and(is_month_loaded) as is_month_whole{% for measure in measures %},
        sum({{ measure }}) as {{ measure }}{% endfor %}
    from agency_counts
    group by month, group_code, group_name_vi, group_order
),

province_rows as (
    select
        agency_counts.month,
        'province' as scope,
        province.province_code as entity_code,
        province.name_vi as entity_name_vi,
        cast(null as {{ dbt.type_string() }}) as group_code,
        0 as official_order,
        bool_or(agency_counts.is_month_loaded) as is_month_loaded,
        bool_and(agency_counts.is_month_loaded) as is_month_whole{% for measure in measures %},
        sum(agency_counts.{{ measure }}) as {{ measure }}{% endfor %}
    from agency_counts
    cross join province
    group by agency_counts.month, province.province_code, province.name_vi
),

all_rows as (
    select * from agency_rows
    union all
    select * from group_rows
    union all
    select * from province_rows
),

closed_rows as (
    {{ read_closed_rows() }}
),

closed_months as (
    {{ select_closed_months() }}
),

-- A closed month enters the totals to date of later months with the figures that were closed.
months_to_add as (
    select
        month,
        scope,
        entity_code,
        entity_name_vi,
        group_code,
        official_order,
        is_month_loaded,
        is_month_whole{% for measure in measures %},
        {{ measure }}{% endfor %}
    from all_rows
    where month not in (select closed_months.month from closed_months)

    union all

    select
        month,
        scope,
        entity_code,
        entity_name_vi,
        group_code,
        official_order,
        is_month_loaded,
        case scope
            when 'agency' then is_month_loaded
            when 'group'
                then bool_and(case when scope = 'agency' then is_month_loaded end) over (partition by month, group_code)
            else bool_and(case when scope = 'agency' then is_month_loaded end) over (partition by month)
        end as is_month_whole{% for measure in measures %},
        {{ measure }}{% endfor %}
    from closed_rows
),

-- A month counts for a total to date when all agencies of the entity came: a part that is left out in March would be
-- missing in December without a word.
summed_to_date as (
    select
        months_to_add.*,
        extract(month from months_to_add.month) as ytd_months_expected,
        sum(case when months_to_add.is_month_whole then 1 else 0 end) over year_to_date as ytd_months_present
        {%- for measure in to_date %},
        sum(months_to_add.{{ measure }}) over year_to_date as running_{{ measure }}{% endfor %}
    from months_to_add
    window year_to_date as (
        partition by months_to_add.scope, months_to_add.entity_code, extract(year from months_to_add.month)
        order by months_to_add.month
        rows between unbounded preceding and current row
    )
),

computed as (
    select
        totals.month,
        totals.scope,
        totals.entity_code,
        totals.entity_name_vi,
        totals.group_code,
        cast(totals.official_order as integer) as official_order,
        totals.is_month_loaded{% for measure in measures %},
        cast(totals.{{ measure }} as bigint) as {{ measure }}{% endfor %},
        cast(totals.online_payment_amount_vnd - totals.online_refund_amount_vnd as bigint) as online_net_amount_vnd,
        cast(totals.ytd_months_expected as integer) as ytd_months_expected,
        cast(totals.ytd_months_present as integer) as ytd_months_present{% for measure in to_date %},
        cast(
            case
                when totals.ytd_months_present = totals.ytd_months_expected then totals.running_{{ measure }}
            end as bigint
        ) as ytd_{{ measure }}{% endfor %},
        cast(
            case
                when totals.ytd_months_present = totals.ytd_months_expected
                    then totals.running_online_payment_amount_vnd - totals.running_online_refund_amount_vnd
            end as bigint
        ) as ytd_online_net_amount_vnd,
        cast(coalesce(caveats.quarantined_rows, 0) as bigint) as quarantined_rows,
        caveats.caveat_vi,
        caveats.caveat_en
    from summed_to_date as totals
    left join caveats
        on
            totals.month = caveats.month
            and totals.scope = caveats.scope
            and totals.entity_code = caveats.entity_code
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, scope, official_order, entity_code
