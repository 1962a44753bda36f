-- One row per landed row of an active index_counts extract.
with source as (select * from {{ source('one_stop', 'index_counts') }}),

agency_codes as (select * from {{ ref('stg_province__agency_codes') }}),

cleaned as (
    select
        extract_id,
        row_number,
        {{ clean_key('"MaDonVi"') }} as written_agency_code,
        {{ cleaned_columns(['ThanhPhan', 'Thang', 'TuSo', 'MauSo']) }}
    from source
),

parsed as (
    select
        cleaned.*,
        {{ matched_agency_code('cleaned.written_agency_code', is_key=true) }} as source_agency_code,
        {{ match_label('"ThanhPhan"') }} as component_written,
        {{ parse_month('"Thang"') }} as month,
        {{ parse_integer('"TuSo"') }} as numerator,
        {{ parse_integer('"MauSo"') }} as denominator
    from cleaned
    left join agency_codes on {{ fold_key('cleaned.written_agency_code') }} = agency_codes.folded_code
)

select
    extract_id,
    row_number,
    source_agency_code,
    component_written,
    month,
    numerator,
    denominator,
    {{ unparseable_columns([
        ['Thang', 'month'],
        ['TuSo', 'numerator'],
        ['MauSo', 'denominator'],
    ]) }} as unparseable_columns
from parsed
