-- One row per landed row of an active procedures extract.
{% set dates = [
    ['HieuLucTu', 'valid_from'],
    ['HieuLucDen', 'valid_to'],
] -%}
with source as (select * from {{ source('one_stop', 'procedures') }}),

extracts as (select * from {{ ref('stg_landing__extracts') }}),

cleaned as (
    select
        extract_id,
        row_number,
        {{ '"MaTTHC"' }} as written_key,
        {{ clean_key('"MaTTHC"') }} as procedure_code,
        {{ clean_text('"TenTTHC"') }} as name_vi,
        {{ clean_key('"MaLinhVuc"') }} as field_code,
        {{ clean_text('"TenLinhVuc"') }} as field_name_vi,
        {{ clean_text('"CapThucHien"') }} as administrative_tier,
        {{ cleaned_columns(['MucDo', 'CoThuPhi', 'DaTichHopDVCQG', 'HieuLucTu', 'HieuLucDen']) }}
    from source
),

parsed as (
    select
        *,
        {{ match_label('"MucDo"') }} as level_written,
        {{ match_label('"CoThuPhi"') }} as has_fee_written,
        {{ match_label('"DaTichHopDVCQG"') }} as is_connected_written,
        {{ parsed_columns(dates, 'date') }}
    from cleaned
),

marked as (
    {{ select_no_date_columns('parsed', 'extracts', dates) }}
),

dated as (
    {{ select_without_no_dates('marked', dates) }}
)

select
    extract_id,
    row_number,
    written_key,
    upper(procedure_code) as procedure_code,
    name_vi,
    upper(field_code) as field_code,
    field_name_vi,
    administrative_tier,
    level_written,
    has_fee_written,
    is_connected_written,
    valid_from,
    valid_to,
    no_date_columns,
    {{ unparseable_columns(dates) }} as unparseable_columns
from dated
