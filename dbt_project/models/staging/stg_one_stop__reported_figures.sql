-- One row per landed row of an active reported_figures extract.
with source as (select * from {{ source('one_stop', 'reported_figures') }}),

cleaned as (
    select
        extract_id,
        row_number,
        {{ clean_text('"MaDonVi"') }} as source_agency_code,
        {{ clean_text('"ChiTieu"') }} as indicator,
        {{ cleaned_columns(['Thang', 'GiaTri']) }}
    from source
),

parsed as (
    select
        *,
        {{ parse_month('"Thang"') }} as month,
        {{ parse_integer('"GiaTri"') }} as reported_value
    from cleaned
)

select
    extract_id,
    row_number,
    source_agency_code,
    indicator,
    month,
    reported_value,
    {{ unparseable_columns([['"Thang"', 'month'], ['"GiaTri"', 'reported_value']]) }} as unparseable_columns
from parsed
