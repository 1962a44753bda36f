-- One row per scope (agency, group, province), entity and month. Whole VND; refunds apart, on their own day.
{% set payment_measures = [
    'online_payment_count', 'online_payment_amount_vnd', 'online_phi_vnd', 'online_le_phi_vnd',
    'online_refund_count', 'online_refund_amount_vnd', 'other_payment_count', 'other_payment_amount_vnd',
] -%}
{% set attempt_measures = [
    'attempt_count', 'attempt_success_count', 'attempt_failed_count', 'attempt_open_count',
] -%}
{% set measures = payment_measures + attempt_measures -%}
{% set entity = [
    'month', 'scope', 'entity_code', 'entity_name_vi', 'group_code', 'official_order', 'is_month_loaded',
] -%}
{% set to_date = [
    'online_payment_count', 'online_payment_amount_vnd', 'online_refund_count', 'online_refund_amount_vnd',
] -%}
with agency_payments as (select * from {{ ref('int_agency_payments') }}),

payments as (select * from {{ ref('fct_payments') }}),

attempts as (select * from {{ ref('fct_payment_attempts') }}),

agencies as (select * from {{ ref('dim_agencies') }}),

extracts as (select * from {{ ref('stg_landing__extracts') }}),

province as (select * from {{ ref('stg_province__province') }}),

agencies_in_force as (select * from {{ ref('int_agency_months') }}),

{% for feed in ['payment_requests', 'payment_attempts'] -%}
{{ feed }}_months as (
    select distinct file_month as month from extracts
    where entity = '{{ feed }}'
),

{{ feed }}_deliveries as (
    select * from {{ ref('int_deliveries') }}
    where entity = '{{ feed }}'
),

{% endfor -%}

caveats as (
    select * from {{ ref('int_entity_caveats') }}
    where subject = 'payments'
),

months as (
    select file_month as month from extracts
    where entity in ('filings', 'payment_requests')
    {%- for month, table, condition in [
        ('paid_month', 'payments', 'is_paid'),
        ('refunded_month', 'payments', 'is_refunded'),
        ('attempted_month', 'attempts', 'attempted_month is not null'),
    ] %}
    union distinct
    select {{ month }} as month from {{ table }}
    where {{ condition }}
    {%- endfor %}
),

known_agency_months as (
    select agencies_in_force.*
    from agencies_in_force
    inner join months on agencies_in_force.month = months.month
),

-- What belongs to no known agency, or to one outside its validity, is shown as such and stays in the totals: in its own
-- month and, for the year to date, in every later month of the year.
stray_agency_months as (
    select
        months.month,
        agencies.agency_code,
        agencies.name_vi,
        agencies.short_name_vi,
        agencies.group_code,
        agencies.group_name_vi,
        agencies.group_order,
        agencies.official_order
    from agency_payments as moved
    inner join months
        on
            moved.month <= months.month
            and date_trunc('year', moved.month) = date_trunc('year', months.month)
    inner join agencies on moved.agency_code = agencies.agency_code
    left join known_agency_months
        on months.month = known_agency_months.month and moved.agency_code = known_agency_months.agency_code
    where known_agency_months.agency_code is null
    qualify {{ latest_by(['months.month', 'agencies.agency_code'], 'agencies.valid_from desc') }}
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
        payment_requests_months.month is not null
        and coalesce(payment_requests_deliveries.is_delivered, true) as is_month_loaded
        {%- for feed, columns in [('payment_requests', payment_measures), ('payment_attempts', attempt_measures)] %}
        {%- for measure in columns %},
        case
            when
                {{ feed }}_months.month is not null
                and coalesce({{ feed }}_deliveries.is_delivered, true)
                then coalesce({{ measure }}, 0)
        end as {{ measure }}{% endfor %}{% endfor %}
    from agency_months
    {% for feed in ['payment_requests', 'payment_attempts'] -%}
    left join {{ feed }}_months on agency_months.month = {{ feed }}_months.month
    left join {{ feed }}_deliveries
        on {{ share('agency_months', feed ~ '_deliveries', ['month', 'agency_code']) }}
    {% endfor -%}
    left join agency_payments
        on {{ share('agency_months', 'agency_payments', ['month', 'agency_code']) }}
),

scoped as (
    {{ roll_up('agency_counts', names=['name_vi']) }}
),

all_rows as (
    select
        month,
        scope,
        entity_code,
        entity_name_vi,
        entity_group_code as group_code,
        entity_order as official_order,
        bool_or(is_month_loaded) as is_month_loaded,
        bool_and(is_month_loaded) as is_month_whole{% for measure in measures %},
        sum({{ measure }}) as {{ measure }}{% endfor %}
    from scoped
    group by month, scope, entity_code, entity_name_vi, entity_group_code, entity_order
),

closed_rows as (
    {{ read_closed_rows() }}
),

-- A closed month enters the totals to date of later months with the figures that were closed.
months_to_add as (
    select
        {{ (entity + measures) | join(',\n        ') }},
        is_month_whole
    from all_rows
    where month not in ({{ select_closed_months() }})

    union all

    select
        {{ (entity + measures) | join(',\n        ') }},
        case scope
            when 'agency' then is_month_loaded
            when 'group'
                then bool_and(case when scope = 'agency' then is_month_loaded end) over (partition by month, group_code)
            else bool_and(case when scope = 'agency' then is_month_loaded end) over (partition by month)
        end as is_month_whole
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
        caveats.caveats_json
    from summed_to_date as totals
    left join caveats
        on {{ share('totals', 'caveats', ['month', 'scope', 'entity_code']) }}
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, scope, official_order, entity_code
