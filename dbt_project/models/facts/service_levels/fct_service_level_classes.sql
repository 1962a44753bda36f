-- One row per vocabulary of service levels, version, month of receipt, agency and class of received filings.
with filings as (
    select * from {{ ref('fct_filings') }}
    where is_received
),

procedures as (select * from {{ ref('dim_procedures') }}),

levels as (select * from {{ ref('ref_service_levels') }}),

level_map as (select * from {{ ref('ref_service_level_map') }}),

vocabularies as (
    select distinct
        vocabulary_id,
        version,
        valid_from,
        valid_to
    from level_map
),

-- By day of receipt, because a vocabulary may begin inside a month.
received as (
    select
        filings.received_month as month,
        cast(filings.received_at as date) as received_on,
        filings.agency_code,
        filings.level_code,
        procedures.level_code as catalogue_level_code,
        count(*) as received,
        sum(case when filings.is_online then 1 else 0 end) as online
    from filings
    inner join procedures on filings.procedure_key = procedures.procedure_key
    group by
        filings.received_month,
        cast(filings.received_at as date),
        filings.agency_code,
        filings.level_code,
        procedures.level_code
),

as_received as (
    select
        'source_levels' as vocabulary_id,
        1 as version,
        received.month,
        received.agency_code,
        case
            when received.level_code is null then 'no_level'
            when levels.level_code is null then 'not_mapped'
            else 'level_' || received.level_code
        end as class_id,
        coalesce('level_' || received.catalogue_level_code, 'no_level') as catalogue_class_id,
        received.catalogue_level_code,
        received.received,
        received.online
    from received
    left join levels
        on
            received.level_code = levels.level_code
            and received.received_on between levels.valid_from and coalesce(
                levels.valid_to, cast('9999-12-31' as date)
            )
),

mapped as (
    select
        vocabularies.vocabulary_id,
        vocabularies.version,
        received.month,
        received.agency_code,
        case
            when received.received_on < vocabularies.valid_from or received.received_on > vocabularies.valid_to
                then 'outside_validity'
            when received.level_code is null then 'no_level'
            else coalesce(own.service_kind, 'not_mapped')
        end as class_id,
        case
            when received.received_on < vocabularies.valid_from or received.received_on > vocabularies.valid_to
                then 'outside_validity'
            else coalesce(catalogue.service_kind, 'not_mapped')
        end as catalogue_class_id,
        received.catalogue_level_code,
        received.received,
        received.online
    from received
    inner join vocabularies
        on
            vocabularies.valid_from <= {{ dbt.last_day('received.month', 'month') }}
            and coalesce(received.month <= vocabularies.valid_to, true)
    left join level_map as own
        on
            vocabularies.vocabulary_id = own.vocabulary_id
            and vocabularies.version = own.version
            and received.level_code = own.level_code
    left join level_map as catalogue
        on
            vocabularies.vocabulary_id = catalogue.vocabulary_id
            and vocabularies.version = catalogue.version
            and received.catalogue_level_code = catalogue.level_code
),

unioned as (
    select * from as_received
    union all
    select * from mapped
)

-- The level is the filing's own, as at receipt; another class by the catalogue is counted, and moves nothing.
select
    vocabulary_id,
    version,
    month,
    agency_code,
    class_id,
    cast(sum(received) as bigint) as received,
    cast(sum(online) as bigint) as online,
    cast(
        sum(case when catalogue_level_code is not null and class_id <> catalogue_class_id then received else 0 end)
        as bigint
    ) as placed_otherwise_by_catalogue
from unioned
group by vocabulary_id, version, month, agency_code, class_id
order by vocabulary_id, version, month, agency_code, class_id
