-- One row per source, entity, event_kind, file month, own month, agency and place: facts that stand there.
{% set nothing = 'cast(null as ' ~ dbt.type_string() ~ ')' -%}
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

filings as (select * from {{ ref('fct_filings') }}),

payments as (select * from {{ ref('fct_payments') }}),

attempts as (select * from {{ ref('fct_payment_attempts') }}),

procedures as (
    select * from {{ ref('dim_procedures') }}
    where is_known
),

counts as (select * from {{ ref('fct_index_counts') }}),

reported as (select * from {{ ref('fct_reported_figures') }}),

components as (
    select
        codes.source_component,
        max(case when parts.is_additive then 1 else 0 end) as is_additive
    from {{ ref('ref_index_count_components') }} as codes
    left join {{ ref('ref_index_components') }} as parts on codes.component_id = parts.component_id
    group by codes.source_component
),

indicators as (select * from {{ ref('ref_reported_indicators') }}),

agencies as (
    select distinct
        agency_code,
        group_code
    from {{ ref('dim_agencies') }}
    where is_known
),

known_agencies as (select distinct agency_code from agencies),

province as (select * from {{ ref('stg_province__province') }}),

-- A distinct count may be an agency's, a group's or the province's own; others are sums, and the unknown member takes
-- the rest.
entities as (
    select agency_code as entity_code from agencies
    union distinct
    select group_code as entity_code from agencies
    union distinct
    select province_code as entity_code from province
),

deliveries as (select * from {{ ref('int_deliveries') }}),

-- The months that a feed covers: those that one of its files is for.
file_months as (
    select distinct
        entity,
        file_month as month
    from extracts
),

-- The tables of filings have every month between the first and the last file of any feed.
months as (
    select month from file_months
    where entity = 'filings'
    union distinct
    select month from deliveries
),

received as (
    select
        source_id,
        'filings' as entity,
        'received' as event_kind,
        extract_id,
        cast(date_trunc('month', coalesce(received_at, submitted_at)) as date) as month,
        agency_code,
        case when not is_received then 'not_received' end as named_place
    from filings
),

paid as (
    select
        source_id,
        'payment_requests' as entity,
        'paid' as event_kind,
        extract_id,
        cast(date_trunc('month', coalesce(paid_at, requested_at)) as date) as month,
        agency_code,
        case when not is_paid then 'not_paid' end as named_place
    from payments
),

refunded as (
    select
        source_id,
        'payment_requests' as entity,
        'refunded' as event_kind,
        extract_id,
        refunded_month as month,
        agency_code,
        case when not is_online_payment then 'refund_not_online' end as named_place
    from payments
    where is_refunded
),

attempted as (
    select
        source_id,
        'payment_attempts' as entity,
        'attempted' as event_kind,
        extract_id,
        attempted_month as month,
        agency_code,
        {{ nothing }} as named_place
    from attempts
),

counted as (
    select
        counts.source_id,
        'index_counts' as entity,
        'counted' as event_kind,
        counts.extract_id,
        counts.month,
        coalesce(known_agencies.agency_code, 'unknown') as agency_code,
        case
            when components.source_component is null then 'unknown_component'
            when counts.numerator is null or counts.denominator is null then 'no_value'
            when components.is_additive = 0 and entities.entity_code is null then 'unknown_entity'
            when months.month is null then 'month_without_file'
            else 'monthly'
        end as named_place
    from counts
    left join components on counts.component = components.source_component
    left join entities on counts.source_agency_code = entities.entity_code
    left join known_agencies on counts.source_agency_code = known_agencies.agency_code
    left join months on counts.month = months.month
),

compared as (
    select
        reported.source_id,
        'reported_figures' as entity,
        'reported' as event_kind,
        reported.extract_id,
        reported.month,
        coalesce(known_agencies.agency_code, 'unknown') as agency_code,
        case
            when indicators.indicator is null then 'unknown_indicator'
            when reported.reported_value is null then 'no_value'
            when months.month is null then 'month_without_file'
            when not coalesce(deliveries.is_delivered, true) then 'month_not_delivered'
            else 'monthly'
        end as named_place
    from reported
    left join indicators on reported.indicator = indicators.indicator
    left join known_agencies on reported.source_agency_code = known_agencies.agency_code
    left join months on reported.month = months.month
    left join deliveries
        on
            indicators.entity = deliveries.entity
            and reported.month = deliveries.month
            and reported.source_agency_code = deliveries.agency_code
),

in_force as (
    select distinct procedures.procedure_key
    from procedures
    inner join months
        on
            procedures.valid_from <= {{ dbt.last_day('months.month', 'month') }}
            and (procedures.valid_to is null or procedures.valid_to >= {{ dbt.last_day('months.month', 'month') }})
),

listed as (
    select
        extracts.source_id,
        'procedures' as entity,
        'listed' as event_kind,
        procedures.extract_id,
        cast(null as date) as month,
        {{ nothing }} as agency_code,
        case when in_force.procedure_key is null then 'not_in_force' else 'in_catalogue' end as named_place
    from procedures
    inner join extracts on procedures.extract_id = extracts.extract_id
    left join in_force on procedures.procedure_key = in_force.procedure_key
),

events as (
    {% for event in ['received', 'paid', 'refunded', 'attempted', 'counted', 'compared', 'listed'] -%}
    select * from {{ event }}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

-- What a month's own feed does not cover, or did not bring for the agency, is not counted as if it were the whole.
placed as (
    select
        events.source_id,
        events.entity,
        events.event_kind,
        extracts.file_month,
        events.month,
        events.agency_code,
        coalesce(
            events.named_place,
            case
                when file_months.month is null and (events.entity <> 'filings' or months.month is null)
                    then 'month_without_file'
                when not coalesce(deliveries.is_delivered, true) then 'month_not_delivered'
                else 'monthly'
            end
        ) as place
    from events
    inner join extracts on events.extract_id = extracts.extract_id
    left join file_months on events.entity = file_months.entity and events.month = file_months.month
    left join months on events.month = months.month
    left join deliveries
        on
            events.entity = deliveries.entity
            and events.month = deliveries.month
            and events.agency_code = deliveries.agency_code
)

select
    source_id,
    entity,
    event_kind,
    file_month,
    month,
    agency_code,
    place,
    count(*) as row_count
from placed
group by source_id, entity, event_kind, file_month, month, agency_code, place
order by source_id, entity, event_kind, file_month, month, agency_code, place
