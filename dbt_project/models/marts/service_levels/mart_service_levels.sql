-- One row per vocabulary of service levels, version, month, scope (agency, group, province), entity and class.
{% set measures = ['received', 'online', 'placed_otherwise_by_catalogue'] -%}
with counts as (select * from {{ ref('fct_service_level_classes') }}),

-- Which entities a month has, whose feed did not come, and which agencies a group has, is decided once, there.
rates as (select * from {{ ref('mart_online_rates') }}),

levels as (select * from {{ ref('ref_service_levels') }}),

level_map as (select * from {{ ref('ref_service_level_map') }}),

ref_residues as (select * from {{ ref('ref_service_level_residues') }}),

vocabularies as (
    select
        'source_levels' as vocabulary_id,
        1 as version,
        cast(null as date) as valid_from,
        cast(null as date) as valid_to,
        min(legal_basis_vi) as legal_basis_vi,
        min(legal_basis_en) as legal_basis_en,
        min(certainty) as certainty
    from levels
    union all
    select
        vocabulary_id,
        version,
        min(valid_from) as valid_from,
        max(valid_to) as valid_to,
        min(legal_basis_vi) as legal_basis_vi,
        min(legal_basis_en) as legal_basis_en,
        min(certainty) as certainty
    from level_map
    group by vocabulary_id, version
),

own_classes as (
    select distinct
        'source_levels' as vocabulary_id,
        1 as version,
        'level_' || level_code as class_id,
        name_vi as class_name_vi,
        name_en as class_name_en,
        10 - cast(level_code as integer) as class_order,
        is_online_service,
        false as is_residue
    from levels
    union all
    select
        vocabulary_id,
        version,
        service_kind as class_id,
        min(name_vi) as class_name_vi,
        min(name_en) as class_name_en,
        min(official_order) as class_order,
        service_kind <> 'none' as is_online_service,
        false as is_residue
    from level_map
    group by vocabulary_id, version, service_kind
),

-- What no class holds has a name, and its place after the classes.
residues as (
    select
        vocabularies.vocabulary_id,
        vocabularies.version,
        ref_residues.class_id,
        ref_residues.name_vi as class_name_vi,
        ref_residues.name_en as class_name_en,
        ref_residues.official_order as class_order,
        false as is_online_service,
        true as is_residue
    from vocabularies
    inner join ref_residues on vocabularies.valid_from is not null or not ref_residues.is_of_dated_vocabularies
),

classes as (
    select * from own_classes
    union all
    select * from residues
),

agency_rows as (
    select
        rates.month,
        rates.entity_code,
        rates.group_code,
        classes.vocabulary_id,
        classes.version,
        classes.class_id
        {%- for measure in measures %},
        case when rates.received is not null then coalesce(counts.{{ measure }}, 0) end as {{ measure }}{% endfor %}
    from rates
    inner join vocabularies
        on
            coalesce(vocabularies.valid_from <= {{ dbt.last_day('rates.month', 'month') }}, true)
            and coalesce(rates.month <= vocabularies.valid_to, true)
    inner join classes
        on vocabularies.vocabulary_id = classes.vocabulary_id and vocabularies.version = classes.version
    left join counts
        on
            rates.month = counts.month
            and rates.entity_code = counts.agency_code
            and classes.vocabulary_id = counts.vocabulary_id
            and classes.version = counts.version
            and classes.class_id = counts.class_id
    where rates.scope = 'agency'
),

-- An agency without data is in no sum, as in mart_online_rates.
summed as (
    select
        rates.month,
        rates.scope,
        rates.entity_code,
        rates.entity_name_vi,
        rates.group_code,
        rates.official_order,
        rates.missing_agencies,
        agency_rows.vocabulary_id,
        agency_rows.version,
        agency_rows.class_id
        {%- for measure in measures %},
        cast(sum(agency_rows.{{ measure }}) as bigint) as {{ measure }}{% endfor %}
    from rates
    inner join agency_rows on {{ belongs_to('agency_rows', 'rates') }}
    group by
        rates.month,
        rates.scope,
        rates.entity_code,
        rates.entity_name_vi,
        rates.group_code,
        rates.official_order,
        rates.missing_agencies,
        agency_rows.vocabulary_id,
        agency_rows.version,
        agency_rows.class_id
),

totalled as (
    select
        *,
        cast(
            sum(received) over (partition by month, scope, entity_code, vocabulary_id, version) as bigint
        ) as received_of_all_classes
    from summed
),

-- A zero denominator has no share: NULL, never 0 %.
computed as (
    select
        totalled.vocabulary_id,
        totalled.version,
        totalled.month,
        totalled.scope,
        totalled.entity_code,
        totalled.entity_name_vi,
        totalled.group_code,
        totalled.official_order,
        totalled.class_id,
        classes.class_name_vi,
        classes.class_name_en,
        cast(classes.class_order as integer) as class_order,
        classes.is_online_service,
        classes.is_residue,
        totalled.missing_agencies,
        totalled.received,
        totalled.online,
        totalled.received_of_all_classes,
        cast(100.0 * totalled.received / nullif(totalled.received_of_all_classes, 0) as double) as share_percent,
        cast(100.0 * totalled.online / nullif(totalled.received, 0) as double) as online_rate_percent,
        totalled.placed_otherwise_by_catalogue,
        vocabularies.valid_from,
        vocabularies.valid_to,
        vocabularies.legal_basis_vi,
        vocabularies.legal_basis_en,
        vocabularies.certainty
    from totalled
    inner join classes
        on
            totalled.vocabulary_id = classes.vocabulary_id
            and totalled.version = classes.version
            and totalled.class_id = classes.class_id
    inner join vocabularies
        on totalled.vocabulary_id = vocabularies.vocabulary_id and totalled.version = vocabularies.version
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, scope, official_order, entity_code, vocabulary_id, version, class_order
