-- One row per definition of the online rate, month, agency and class of received filings (channel and levels).
with definitions as (
    select * from {{ ref('ref_metric_definitions') }}
    where metric = 'online_rate'
),

filings as (
    select * from {{ ref('fct_filings') }}
    where is_received
),

procedures as (select * from {{ ref('dim_procedures') }}),

classes as (
    select
        filings.received_month as month,
        filings.agency_code,
        filings.channel_code,
        filings.is_online,
        filings.level_code,
        procedures.level_code as catalogue_level_code,
        count(*) as filing_count
    from filings
    inner join procedures on filings.procedure_key = procedures.procedure_key
    group by
        filings.received_month,
        filings.agency_code,
        filings.channel_code,
        filings.is_online,
        filings.level_code,
        procedures.level_code
),

-- The level is the filing's own, as at receipt; where the catalogue has another one, both places are known.
placed as (
    select
        definitions.metric_id,
        definitions.version,
        classes.*,
        {{ reason_outside_denominator('classes.level_code') }} as denominator_reason,
        {{ reason_outside_numerator('classes.level_code') }} as numerator_reason,
        {{ reason_outside_denominator('classes.catalogue_level_code') }} as catalogue_denominator_reason,
        {{ reason_outside_numerator('classes.catalogue_level_code') }} as catalogue_numerator_reason
    from classes
    cross join definitions
)

select
    metric_id,
    version,
    month,
    agency_code,
    cast(channel_code as {{ dbt.type_string() }})
    || '/' || coalesce(level_code, '-')
    || '/' || coalesce(catalogue_level_code, '-') as class_key,
    channel_code,
    level_code,
    catalogue_level_code,
    numerator_reason is null as is_in_numerator,
    denominator_reason is null as is_in_denominator,
    numerator_reason,
    denominator_reason,
    catalogue_level_code is not null and (
        (numerator_reason is null) <> (catalogue_numerator_reason is null)
        or (denominator_reason is null) <> (catalogue_denominator_reason is null)
    ) as is_placed_otherwise_by_catalogue,
    filing_count
from placed
