-- One row per landed row of an active filings extract.
{% set dates = [
    ['NgayNopHoSo', 'submitted_at'],
    ['NgayTiepNhan', 'received_at'],
    ['NgayHenTra', 'due_at'],
    ['NgayKetThucXuLy', 'finished_at'],
    ['NgayTra', 'returned_at'],
] -%}
with source as (select * from {{ source('one_stop', 'filings') }}),

agency_codes as (select * from {{ ref('stg_province__agency_codes') }}),

extracts as (select * from {{ ref('stg_landing__extracts') }}),

cleaned as (
    select
        extract_id,
        row_number,
        {{ '"MaHoSo"' }} as written_key,
        {{ clean_key('"MaHoSo"') }} as filing_id,
        {{ clean_key('"MaTTHC"') }} as procedure_code,
        {{ clean_text('"TenTTHC"') }} as procedure_name_vi,
        {{ clean_key('"MaLinhVuc"') }} as field_code,
        {{ clean_text('"TenLinhVuc"') }} as field_name_vi,
        {{ clean_key('"MaDonVi"') }} as written_agency_code,
        {{ clean_text('"DonViXuLy"') }} as handling_unit_vi,
        {{ cleaned_columns([
            'KenhThucHien', 'MucDo', 'NgayNopHoSo', 'NgayTiepNhan', 'NgayHenTra', 'NgayKetThucXuLy', 'NgayTra',
            'TrangThaiHoSo', 'LoaiDoiTuong',
        ]) }}
    from source
),

parsed as (
    select
        cleaned.*,
        {{ matched_agency_code('cleaned.written_agency_code') }} as source_agency_code,
        {{ parsed_columns(dates, 'timestamp') }},
        {{ match_label('"KenhThucHien"') }} as channel_written,
        {{ match_label('"MucDo"') }} as level_written,
        {{ match_label('"TrangThaiHoSo"') }} as status_written,
        {{ match_label('"LoaiDoiTuong"') }} as applicant_written
    from cleaned
    left join agency_codes on {{ fold_key('cleaned.written_agency_code') }} = agency_codes.folded_code
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
    filing_id,
    upper({{ reference('procedure_code') }}) as procedure_code,
    procedure_name_vi,
    upper(field_code) as field_code,
    field_name_vi,
    source_agency_code,
    handling_unit_vi,
    applicant_written,
    channel_written,
    level_written,
    status_written,
    submitted_at,
    received_at,
    due_at,
    finished_at,
    returned_at,
    no_date_columns,
    {{ unparseable_columns(dates) }} as unparseable_columns
from dated
