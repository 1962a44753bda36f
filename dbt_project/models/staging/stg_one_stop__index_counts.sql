-- One row per landed row of an active index_counts extract.
with source as (select * from {{ source('one_stop', 'index_counts') }}),

cleaned as (
    select
        extract_id,
        row_number,
        {{ clean_text('"MaDonVi"') }} as source_agency_code,
        {{ clean_text('"ThanhPhan"') }} as component,
        {{ cleaned_columns(['Thang', 'TuSo', 'MauSo']) }}
    from source
),

parsed as (
    select
        *,
        {{ parse_month('"Thang"') }} as month,
        {{ parse_integer('"TuSo"') }} as numerator,
        {{ parse_integer('"MauSo"') }} as denominator
    from cleaned
)

select
    extract_id,
    row_number,
    source_agency_code,
    component,
    month,
    numerator,
    denominator,
    {{ unparseable_columns([
        ['"Thang"', 'month'],
        ['"TuSo"', 'numerator'],
        ['"MauSo"', 'denominator'],
    ]) }} as unparseable_columns
from parsed
