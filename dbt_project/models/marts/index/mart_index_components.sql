-- One row per month, span, scope (agency, group, province), entity, component of the index and formula version.
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
-- A version that ends before it begins was a misreading: months closed by it keep it, and nothing is computed by it.
with components as (
    select * from {{ ref('ref_index_components') }}
    where coalesce(valid_to >= valid_from, true)
),

reasons as (select * from {{ ref('ref_index_reasons') }}),

known_codes as (select * from {{ ref('ref_index_count_components') }}),

rates as (select * from {{ ref('mart_online_rates') }}),

payments as (
    select
        month,
        entity_code,
        is_month_loaded
    from {{ ref('mart_payments') }}
    where scope = 'agency'
),

filings as (select * from {{ ref('fct_index_filings') }}),

happenings as (select * from {{ ref('fct_index_procedures') }}),

counts as (select * from {{ ref('fct_index_counts') }}),

agencies as (select * from {{ ref('dim_agencies') }}),

procedures as (
    select * from {{ ref('dim_procedures') }}
    where is_known
),

online_levels as (
    select distinct level_code from {{ ref('ref_service_levels') }}
    where is_online_service
),

calendar as (
    select * from {{ ref('stg_province__expected_feeds') }}
    where entity = 'index_counts'
),

months as (select distinct month from rates),

-- What a source sends for a component, summed over codes that mean the same.
fed_by_source as (
    select
        counts.source_id,
        counts.month,
        counts.source_agency_code,
        known_codes.component_id,
        sum(counts.numerator) as numerator,
        sum(counts.denominator) as denominator
    from counts
    inner join known_codes on counts.component = known_codes.source_component
    where counts.numerator is not null and counts.denominator is not null
    group by counts.source_id, counts.month, counts.source_agency_code, known_codes.component_id
),

-- Whoever sent its part in an earlier month owes it, unless the calendar has ended that: the other sources' parts would
-- pass for the whole.
owed_parts as (
    select
        earlier.source_id,
        months.month,
        earlier.source_agency_code,
        earlier.component_id
    from fed_by_source as earlier
    inner join months on earlier.month < months.month
    left join calendar
        on
            earlier.source_id = calendar.source_id
            and calendar.agency_code in ('*', earlier.source_agency_code)
    group by earlier.source_id, months.month, earlier.source_agency_code, earlier.component_id
    having
        count(calendar.source_id) = 0
        or bool_or(
            months.month between calendar.valid_from and coalesce(calendar.valid_to, cast('9999-12-31' as date))
        )
),

incomplete as (
    select distinct
        owed_parts.month,
        owed_parts.source_agency_code,
        owed_parts.component_id
    from owed_parts
    left join fed_by_source
        on {{ share('owed_parts', 'fed_by_source', ['source_id', 'month', 'source_agency_code', 'component_id']) }}
    where fed_by_source.month is null
),

-- Summed over sources, where all that is owed is there.
fed as (
    select
        fed_by_source.month,
        fed_by_source.source_agency_code,
        fed_by_source.component_id,
        sum(fed_by_source.numerator) as numerator,
        sum(fed_by_source.denominator) as denominator
    from fed_by_source
    left join incomplete
        on {{ share('fed_by_source', 'incomplete', ['month', 'source_agency_code', 'component_id']) }}
    where incomplete.month is null
    group by fed_by_source.month, fed_by_source.source_agency_code, fed_by_source.component_id
),

additive_components as (
    select distinct component_id from components
    where is_additive
),

scopes as (
    select distinct scope from rates
    where scope <> 'province'
),

rated_agencies as (
    select
        month,
        entity_code,
        group_code
    from rates
    where scope = 'agency'
),

-- Counts of filings of an agency that is not in force stay in the province's sum, under the unknown member.
fed_by_agency as (
    select
        fed.month,
        coalesce(rated_agencies.entity_code, 'unknown') as agency_code,
        fed.component_id,
        sum(fed.numerator) as numerator,
        sum(fed.denominator) as denominator
    from fed
    inner join months on fed.month = months.month
    inner join additive_components on fed.component_id = additive_components.component_id
    left join rated_agencies
        on fed.month = rated_agencies.month and fed.source_agency_code = rated_agencies.entity_code
    group by fed.month, coalesce(rated_agencies.entity_code, 'unknown'), fed.component_id
),

stray_months as (
    select distinct fed_by_agency.month
    from fed_by_agency
    left join rated_agencies
        on fed_by_agency.month = rated_agencies.month and fed_by_agency.agency_code = rated_agencies.entity_code
    where rated_agencies.entity_code is null
),

entities as (
    select
        month,
        scope,
        entity_code,
        entity_name_vi,
        group_code,
        official_order,
        received is not null as has_filings
    from rates

    union all

    select
        stray_months.month,
        scopes.scope,
        agencies.agency_code as entity_code,
        agencies.name_vi as entity_name_vi,
        agencies.group_code,
        agencies.official_order,
        true as has_filings
    from stray_months
    cross join agencies
    cross join scopes
    where not agencies.is_known
),

spans as (
    select
        month,
        'month' as span,
        month as first_month
    from months
    union all
    select
        month,
        'year_to_date' as span,
        cast(date_trunc('year', month) as date) as first_month
    from months
),

spanned as (
    select
        entities.*,
        spans.span,
        spans.first_month
    from entities
    inner join spans on entities.month = spans.month
),

-- The months of a span of which there is anything at all.
coverage as (
    select
        spans.month,
        spans.span,
        count(*)
        = extract(month from spans.month) - extract(month from spans.first_month) + 1 as is_covered
    from spans
    inner join months on months.month between spans.first_month and spans.month
    group by spans.month, spans.span, spans.first_month
),

agency_months as (
    select
        entities.month,
        entities.entity_code,
        entities.group_code,
        entities.has_filings,
        entities.has_filings and coalesce(payments.is_month_loaded, entities.entity_code = 'unknown') as has_payments
    from entities
    left join payments on entities.month = payments.month and entities.entity_code = payments.entity_code
    where entities.scope = 'agency'
),

-- Which months of which agencies an entity's span is made of: an agency that ended in March is in December's year.
members as (
    select
        spanned.month,
        spanned.span,
        spanned.scope,
        spanned.entity_code,
        agency_months.month as member_month,
        agency_months.entity_code as agency_code,
        agency_months.has_filings,
        agency_months.has_payments
    from spanned
    inner join agency_months
        on
            agency_months.month between spanned.first_month and spanned.month
            and (
                spanned.scope = 'province'
                or (spanned.scope = 'group' and spanned.entity_code = agency_months.group_code)
                or (spanned.scope = 'agency' and spanned.entity_code = agency_months.entity_code)
            )
),

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
),

gathered as (
    select * from from_filings
    union all
    select * from from_catalogue
    union all
    select * from from_counts
),

-- A part of a year is not the year; a part of a month is a month without the agencies that are named as missing.
told as (
    select
        spanned.month,
        spanned.span,
        spanned.scope,
        spanned.entity_code,
        spanned.entity_name_vi,
        spanned.group_code as agency_group_code,
        spanned.official_order,
        components.component_id,
        components.formula_version,
        components.group_id,
        components.official_order as component_order,
        components.name_vi,
        components.max_points,
        components.points_decimals,
        components.threshold_percent,
        components.zero_rule,
        components.portal_zero_rule,
        components.is_additive,
        {{ is_in_force('components', 'spanned.month') }} as is_in_force,
        coalesce(gathered.missing_agencies, 0) as missing_agencies,
        coalesce(gathered.has_any, false) and (
            spanned.span = 'month' or (coverage.is_covered and gathered.has_all)
        ) as is_known,
        coalesce(gathered.has_any, false) as has_any,
        coalesce(gathered.missing_reason, 'not_summable') as missing_reason,
        gathered.numerator,
        gathered.denominator,
        -- A distinct count that an entity sends for itself, of one month; a year's is not their sum.
        own.numerator as own_numerator,
        own.denominator as own_denominator
    from spanned
    cross join components
    inner join coverage on spanned.month = coverage.month and spanned.span = coverage.span
    left join gathered
        on
            {{ share('spanned', 'gathered', entity) }}
            and components.measure = gathered.measure
            and (gathered.component_id is null or components.component_id = gathered.component_id)
    left join fed as own
        on
            not components.is_additive
            and spanned.span = 'month'
            and spanned.month = own.month
            and spanned.entity_code = own.source_agency_code
            and components.component_id = own.component_id
),

settled as (
    select
        *,
        case
            when is_known and denominator is not null then numerator
            when own_denominator is not null then own_numerator
            when is_known then numerator
        end as settled_numerator,
        case
            when is_known and denominator is not null then denominator
            else own_denominator
        end as settled_denominator,
        case
            when own_denominator is null or (is_known and denominator is not null) then missing_agencies
            else 0
        end as settled_missing_agencies
    from told
),

reasoned as (
    select
        *,
        case
            when settled_denominator > 0 then null
            when settled_denominator = 0 and zero_rule = 'full' then 'nothing_is_full'
            when settled_denominator = 0 and zero_rule = 'zero' then 'nothing_is_zero'
            when settled_denominator = 0 then 'nothing_in_period'
            when has_any and not is_known then 'year_incomplete'
            else missing_reason
        end as reason_id,
        cast(100.0 * settled_numerator / nullif(settled_denominator, 0) as double) as ratio_percent
    from settled
),

-- As the national portal does: points are rounded before they are added up, so that what is printed adds up.
scored as (
    select
        *,
        case
            when ratio_percent is not null
                then
                    {{ rounded_points(
                        'max_points', 'settled_numerator', 'settled_denominator', 'threshold_percent', 'points_decimals'
                    ) }}
        end as ratio_points
    from reasoned
),

computed as (
    select
        scored.month,
        scored.span,
        scored.scope,
        scored.entity_code,
        scored.entity_name_vi,
        scored.agency_group_code as group_code,
        cast(scored.official_order as integer) as official_order,
        scored.component_id,
        scored.formula_version,
        scored.group_id,
        cast(scored.component_order as integer) as component_order,
        scored.name_vi,
        scored.is_in_force,
        scored.is_additive,
        cast(scored.settled_missing_agencies as bigint) as missing_agencies,
        cast(scored.settled_numerator as bigint) as numerator,
        cast(scored.settled_denominator as bigint) as denominator,
        scored.ratio_percent,
        scored.threshold_percent,
        scored.max_points as points_max,
        cast(
            case scored.reason_id
                when 'nothing_is_full' then scored.max_points
                when 'nothing_is_zero' then 0
                else scored.ratio_points
            end as double
        ) as points,
        cast(
            case
                when scored.settled_denominator > 0 then scored.ratio_points
                when scored.settled_denominator is null then null
                when scored.portal_zero_rule = 'full' then scored.max_points
                when scored.portal_zero_rule = 'zero' then 0
            end as double
        ) as points_portal,
        coalesce(reasons.state, 'scored') as state,
        scored.reason_id,
        reasons.name_vi as reason_vi,
        reasons.name_en as reason_en
    from scored
    left join reasons on scored.reason_id = reasons.reason_id
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, span, scope, official_order, entity_code, formula_version, component_order
