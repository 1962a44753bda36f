-- One row per procedure and span of validity, and one for procedures that the catalogue does not know.
with disposed as (select * from {{ ref('int_procedures_disposed') }}),

stand_ins as (select * from {{ ref('ref_stand_in_names') }}),

-- A source may leave a span open when the next one starts: the next start closes it, so that no day has two levels.
closed_spans as (
    select
        *,
        least(
            coalesce(valid_to, cast('9999-12-31' as date)),
            coalesce(
                cast(
                    {{ dbt.dateadd(
                        'day', -1, 'lead(valid_from) over (partition by procedure_code order by valid_from)'
                    ) }} as date
                ),
                cast('9999-12-31' as date)
            )
        ) as last_day
    from disposed
    where disposition = 'fact'
),

keyed as (
    select
        procedure_code || '@' || valid_from as procedure_key,
        procedure_code,
        name_vi,
        field_code,
        field_name_vi,
        administrative_tier,
        level_code,
        has_fee = 1 as has_fee,
        is_connected = 1 as is_connected,
        valid_from,
        nullif(last_day, cast('9999-12-31' as date)) as valid_to,
        true as is_known,
        extract_id,
        row_number
    from closed_spans
),

unknown_member as (
    select
        'unknown' as procedure_key,
        'unknown' as procedure_code,
        name_vi,
        cast(null as {{ dbt.type_string() }}) as field_code,
        cast(null as {{ dbt.type_string() }}) as field_name_vi,
        cast(null as {{ dbt.type_string() }}) as administrative_tier,
        cast(null as {{ dbt.type_string() }}) as level_code,
        cast(null as boolean) as has_fee,
        cast(null as boolean) as is_connected,
        cast(null as date) as valid_from,
        cast(null as date) as valid_to,
        false as is_known,
        cast(null as {{ dbt.type_string() }}) as extract_id,
        cast(null as bigint) as row_number
    from stand_ins
    where stand_in = 'unknown_procedure'
)

select * from keyed
union all
select * from unknown_member
