-- One row per landed row of an active procedures extract, with what becomes of it.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

procedures as (select * from {{ ref('int_procedures_coded') }}),

levels as (select distinct level_code from {{ ref('ref_service_levels') }}),

doubled as (
    {{ find_doubled_keys(
        'procedures',
        ['procedure_code', 'valid_from'],
        fixed=['level_code', 'has_fee', 'field_code', 'administrative_tier'],
    ) }}
),

limits as (select * from {{ ref('int_date_limits') }}),

checked as (
    select
        extracts.source_id,
        extracts.file_month,
        extracts.month_means,
        extracts.arrival,
        procedures.*,
        case
            when procedures.unparseable_columns is not null then 'unparseable'
            when procedures.procedure_code is null or procedures.valid_from is null then 'missing_key'
            when not {{ is_well_formed_key('procedures.procedure_code', 80) }} then 'malformed_key'
            when {{ is_unlisted('procedures', ['procedure_code']) }} then 'malformed_key'
            when
                {{ is_unmapped('procedures.unmapped_columns', 'MucDo') }}
                or (procedures.level_code is not null and levels.level_code is null)
                then 'unknown_level'
            when
                {{ is_unmapped('procedures.unmapped_columns', 'CoThuPhi') }}
                or {{ is_unmapped('procedures.unmapped_columns', 'DaTichHopDVCQG') }}
                then 'unknown_flag'
            -- A procedure may be older than the province's first day; an end may lie as far ahead as its law says.
            when extract(year from procedures.valid_from) < limits.procedure_starts_year then 'starts_before_first_day'
            when {{ is_days_after('procedures.valid_from', 'limits.fetched_at', 'limits.procedure_announced_days') }}
                then 'starts_in_the_future'
            when procedures.valid_to < procedures.valid_from then 'ends_before_it_starts'
            when doubled.extract_id is not null then 'doubled_key'
        end as quarantine_reason
    from procedures
    inner join extracts on procedures.extract_id = extracts.extract_id
    left join limits on procedures.extract_id = limits.extract_id
    left join levels on procedures.level_code = levels.level_code
    left join doubled
        on
            procedures.extract_id = doubled.extract_id
            and procedures.procedure_code = doubled.procedure_code
            and procedures.valid_from = doubled.valid_from
)

{{ select_disposed('checked', ['procedure_code', 'valid_from']) }}
