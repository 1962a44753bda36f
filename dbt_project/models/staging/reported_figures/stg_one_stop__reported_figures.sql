-- One row per landed row of an active reported_figures extract.
with source as (select * from {{ source('one_stop', 'reported_figures') }}),

agency_codes as (select * from {{ ref('stg_province__agency_codes') }}),

cleaned as (
    select
        extract_id,
        row_number,
        {{ clean_key('"MaDonVi"') }} as written_agency_code,
        {{ cleaned_columns(['ChiTieu', 'Thang', 'GiaTri']) }}
    from source
),

parsed as (
    select
        cleaned.*,
        {{ matched_agency_code('cleaned.written_agency_code', is_key=true) }} as source_agency_code,
        {{ match_label('"ChiTieu"') }} as indicator_written,
        {{ parse_month('"Thang"') }} as month,
        {{ parse_integer('"GiaTri"') }} as reported_value
    from cleaned
    left join agency_codes on {{ fold_key('cleaned.written_agency_code') }} = agency_codes.folded_code
)

select
    extract_id,
    row_number,
    source_agency_code,
    indicator_written,
    month,
    reported_value,
    {{ unparseable_columns([['Thang', 'month'], ['GiaTri', 'reported_value']]) }} as unparseable_columns
from parsed
