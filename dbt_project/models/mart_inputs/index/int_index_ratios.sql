-- One row per month, span, scope, entity, measure and, where it has several, component: what the index divides.
{% set filing_measures = [
    ('on_time', 'on_time', 'received', 'filings'),
    ('online', 'online', 'received', 'filings'),
    ('paid_online', 'paid_online', 'with_duty', 'payments'),
] -%}
{% set procedure_measures = [
    ('online_services_used', 'services_used', 'online_services', 'filings'),
    ('fee_procedures_paid', 'fee_procedures_paid', 'fee_procedures', 'payments'),
] -%}
{% set entity = ['month', 'span', 'scope', 'entity_code'] -%}
with members as (select * from {{ ref('int_index_members') }}),

fed_by_agency as (
    select
        month,
        agency_code,
        component_id,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from {{ ref('int_index_fed_counts') }}
    where is_additive
    group by month, agency_code, component_id
),

additive_components as (
    select distinct component_id from {{ ref('ref_index_components') }}
    where is_additive and coalesce(valid_to >= valid_from, true)
),

filings as (select * from {{ ref('fct_index_filings') }}),

happenings as (select * from {{ ref('fct_index_procedures') }}),

procedures as (
    select * from {{ ref('dim_procedures') }}
    where is_known
),

online_levels as (
    select distinct level_code from {{ ref('ref_service_levels') }}
    where is_online_service
),

months as (select distinct month from members),

whole as (
    select
        month,
        span,
        scope,
        entity_code,
        bool_or(has_filings) as any_filings,
        bool_and(has_filings) as all_filings,
        count(distinct case when not has_filings then agency_code end) as missing_filings,
        bool_or(has_payments) as any_payments,
        bool_and(has_payments) as all_payments,
        count(distinct case when not has_payments then agency_code end) as missing_payments
    from members
    group by month, span, scope, entity_code
),

-- Filings are summed: one has one agency.
summed as (
    select
        members.month,
        members.span,
        members.scope,
        members.entity_code,
        sum(case when members.has_filings then filings.received else 0 end) as received,
        sum(case when members.has_filings then filings.on_time else 0 end) as on_time,
        sum(case when members.has_filings then filings.online else 0 end) as online,
        sum(case when members.has_payments then filings.with_duty else 0 end) as with_duty,
        sum(case when members.has_payments then filings.paid_online else 0 end) as paid_online
    from members
    inner join filings
        on
            members.month = filings.month
            and members.member_month = filings.received_month
            and members.agency_code = filings.agency_code
    group by members.month, members.span, members.scope, members.entity_code
),

in_force as (
    select
        months.month,
        procedures.procedure_code,
        online_levels.level_code is not null as is_online_service,
        coalesce(procedures.has_fee, false) as has_fee
    from months
    inner join procedures
        on
            procedures.valid_from <= {{ dbt.last_day('months.month', 'month') }}
            and (procedures.valid_to is null or procedures.valid_to >= {{ dbt.last_day('months.month', 'month') }})
    left join online_levels on procedures.level_code = online_levels.level_code
),

catalogue as (
    select
        month,
        count(*) as all_procedures,
        sum(case when is_online_service then 1 else 0 end) as online_services,
        sum(case when has_fee then 1 else 0 end) as fee_procedures
    from in_force
    group by month
),

-- Procedures are counted anew in each entity and span: one has many agencies and months.
counted as (
    select
        members.month,
        members.span,
        members.scope,
        members.entity_code,
        count(
            distinct case
                when members.has_filings and happenings.online_service_filings > 0 and in_force.is_online_service
                    then happenings.procedure_code
            end
        ) as services_used,
        count(
            distinct case
                when members.has_payments and happenings.filings_paid_online > 0 and in_force.has_fee
                    then happenings.procedure_code
            end
        ) as fee_procedures_paid
    from members
    inner join happenings
        on members.member_month = happenings.month and members.agency_code = happenings.agency_code
    inner join in_force
        on members.month = in_force.month and happenings.procedure_code = in_force.procedure_code
    group by members.month, members.span, members.scope, members.entity_code
),

from_filings as (
    {% for measure, numerator, denominator, source in filing_measures -%}
    select
        whole.month,
        whole.span,
        whole.scope,
        whole.entity_code,
        '{{ measure }}' as measure,
        cast(null as {{ dbt.type_string() }}) as component_id,
        coalesce(summed.{{ numerator }}, 0) as numerator,
        coalesce(summed.{{ denominator }}, 0) as denominator,
        whole.any_{{ source }} as has_any,
        whole.all_{{ source }} as has_all,
        whole.missing_{{ source }} as missing_agencies,
        '{{ source }}_missing' as missing_reason
    from whole
    left join summed on {{ share('whole', 'summed', entity) }}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

-- The catalogue names no agency: only the province has a denominator.
of_catalogue as (
    select
        whole.*,
        case
            when catalogue.month is null then 'no_catalogue'
            else 'no_authority'
        end as reason_without_denominator,
        case when whole.scope = 'province' then catalogue.all_procedures end as all_procedures,
        case when whole.scope = 'province' then catalogue.online_services end as online_services,
        case when whole.scope = 'province' then catalogue.fee_procedures end as fee_procedures,
        case when catalogue.month is not null then coalesce(counted.services_used, 0) end as services_used,
        case when catalogue.month is not null then coalesce(counted.fee_procedures_paid, 0) end as fee_procedures_paid
    from whole
    left join catalogue on whole.month = catalogue.month
    left join counted on {{ share('whole', 'counted', entity) }}
),

from_catalogue as (
    select
        month,
        span,
        scope,
        entity_code,
        'online_procedures' as measure,
        cast(null as {{ dbt.type_string() }}) as component_id,
        online_services as numerator,
        all_procedures as denominator,
        true as has_any,
        true as has_all,
        0 as missing_agencies,
        reason_without_denominator as missing_reason
    from of_catalogue
    {% for measure, numerator, denominator, source in procedure_measures %}
    union all
    select
        month,
        span,
        scope,
        entity_code,
        '{{ measure }}' as measure,
        cast(null as {{ dbt.type_string() }}) as component_id,
        {{ numerator }} as numerator,
        {{ denominator }} as denominator,
        any_{{ source }} as has_any,
        all_{{ source }} as has_all,
        missing_{{ source }} as missing_agencies,
        case when any_{{ source }} then reason_without_denominator else '{{ source }}_missing' end as missing_reason
    from of_catalogue
    {% endfor %}
),

-- What filings cannot give: summed over the agencies that sent it; the unknown member owes nothing.
from_counts as (
    select
        members.month,
        members.span,
        members.scope,
        members.entity_code,
        'index_counts' as measure,
        additive_components.component_id,
        sum(fed_by_agency.numerator) as numerator,
        sum(fed_by_agency.denominator) as denominator,
        bool_or(fed_by_agency.agency_code is not null) as has_any,
        bool_and(fed_by_agency.agency_code is not null or members.agency_code = 'unknown') as has_all,
        count(
            distinct case
                when fed_by_agency.agency_code is null and members.agency_code <> 'unknown' then members.agency_code
            end
        ) as missing_agencies,
        'not_fed' as missing_reason
    from members
    cross join additive_components
    left join fed_by_agency
        on
            members.member_month = fed_by_agency.month
            and members.agency_code = fed_by_agency.agency_code
            and additive_components.component_id = fed_by_agency.component_id
    group by
        members.month, members.span, members.scope, members.entity_code, additive_components.component_id
)

select * from from_filings
union all
select * from from_catalogue
union all
select * from from_counts
