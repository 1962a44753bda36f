-- One row per check, month, scope and entity: the monthly figures of filings, payments and the catalogue.
-- What did not come is NULL and has no parts: its feeds are named in mart_feeds and mart_caveats.
with rates as (
    select * from {{ ref('mart_online_rates') }}
    where received is not null
),

payments as (
    select * from {{ ref('mart_payments') }}
    where online_payment_count is not null
),

coverage as (
    select * from {{ ref('mart_catalogue_coverage') }}
    where services_total is not null
),

fees as (
    select
        month,
        scope,
        entity_code,
        sum(case when payment_kind = 'online' then unsplit_vnd end) as online_unsplit_vnd
    from {{ ref('mart_payment_fees') }}
    where collected_amount_vnd is not null
    group by month, scope, entity_code
),

province as (select * from {{ ref('stg_province__province') }}),

channels as (
    select
        'received_is_direct_online_postal' as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        received as total,
        direct + online + postal as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_id
    from rates
),

levels as (
    select
        'online_is_levels_and_residue' as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        online as total,
        online_level_3 + online_level_4 as sum_of_classes,
        online_no_level as residue,
        'no_level' as residue_id
    from rates
),

{% for measure in ['received', 'online'] -%}
group_{{ measure }} as (
    select
        'group_{{ measure }}_is_sum_of_agencies' as check_id,
        group_rates.month,
        group_rates.scope,
        group_rates.entity_code,
        group_rates.entity_name_vi,
        any_value(group_rates.{{ measure }}) as total,
        cast(sum(agency_rates.{{ measure }}) as bigint) as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_id
    from rates as group_rates
    inner join rates as agency_rates
        on
            group_rates.month = agency_rates.month
            and group_rates.group_code = agency_rates.group_code
            and agency_rates.scope = 'agency'
    where group_rates.scope = 'group'
    group by group_rates.month, group_rates.scope, group_rates.entity_code, group_rates.entity_name_vi
),

{% endfor -%}

-- What no known group holds is the residue "chưa xác định": counted, named, in the province's total.
{% for measure in ['received', 'online'] -%}
province_{{ measure }} as (
    select
        'province_{{ measure }}_is_sum_of_groups' as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        any_value(whole.{{ measure }}) as total,
        cast(sum(case when group_rates.entity_code <> 'unknown' then group_rates.{{ measure }} else 0 end) as bigint)
            as sum_of_classes,
        cast(sum(case when group_rates.entity_code = 'unknown' then group_rates.{{ measure }} else 0 end) as bigint)
            as residue,
        'unknown_agency' as residue_id
    from rates as whole
    inner join rates as group_rates on whole.month = group_rates.month and group_rates.scope = 'group'
    where whole.scope = 'province'
    group by whole.month, whole.scope, whole.entity_code, whole.entity_name_vi
),

{% endfor -%}

amounts as (
    select
        'payment_amount_is_phi_and_le_phi' as check_id,
        payments.month,
        payments.scope,
        payments.entity_code,
        payments.entity_name_vi,
        payments.online_payment_amount_vnd as total,
        payments.online_phi_vnd + payments.online_le_phi_vnd as sum_of_classes,
        cast(coalesce(fees.online_unsplit_vnd, 0) as bigint) as residue,
        'not_split' as residue_id
    from payments
    left join fees on {{ share('payments', 'fees', ['month', 'scope', 'entity_code']) }}
),

province_payments as (
    select
        'province_payments_are_sum_of_agencies' as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        any_value(whole.online_payment_amount_vnd) as total,
        cast(
            sum(case when parts.entity_code <> 'unknown' then parts.online_payment_amount_vnd else 0 end)
            as bigint
        ) as sum_of_classes,
        cast(
            sum(case when parts.entity_code = 'unknown' then parts.online_payment_amount_vnd else 0 end)
            as bigint
        ) as residue,
        'unknown_agency' as residue_id
    from payments as whole
    inner join payments as parts on whole.month = parts.month and parts.scope = 'agency'
    where whole.scope = 'province'
    group by whole.month, whole.scope, whole.entity_code, whole.entity_name_vi
),

to_date as (
    select
        'payments_to_date_are_sum_of_months' as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        any_value(whole.ytd_online_payment_count) as total,
        cast(sum(months.online_payment_count) as bigint) as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_id
    from payments as whole
    inner join payments as months
        on
            whole.scope = months.scope
            and whole.entity_code = months.entity_code
            and months.month between date_trunc('year', whole.month) and whole.month
    where whole.ytd_online_payment_count is not null
    group by whole.month, whole.scope, whole.entity_code, whole.entity_name_vi
),

attempts as (
    select
        'attempts_are_success_failed_open' as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        attempt_count as total,
        attempt_success_count + attempt_failed_count + attempt_open_count as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_id
    from payments
    where attempt_count is not null
),

services as (
    select
        'services_are_levels_and_others' as check_id,
        coverage.month,
        'province' as scope,
        province.province_code as entity_code,
        province.name_vi as entity_name_vi,
        coverage.services_total as total,
        coverage.services_level_3 + coverage.services_level_4 as sum_of_classes,
        coverage.services_other_level as residue,
        'below_level_3' as residue_id
    from coverage
    cross join province
),

connections as (
    select
        'online_services_are_connected_and_not' as check_id,
        coverage.month,
        'province' as scope,
        province.province_code as entity_code,
        province.name_vi as entity_name_vi,
        coverage.online_services as total,
        coverage.connected_services + coverage.not_connected_services as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_id
    from coverage
    cross join province
),

computed as (
    {{ union_checks([
        'channels', 'levels', 'group_received', 'group_online', 'province_received', 'province_online', 'amounts',
        'province_payments', 'to_date', 'attempts', 'services', 'connections',
    ]) }}
)

select * from computed
