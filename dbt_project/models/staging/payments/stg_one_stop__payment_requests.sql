-- One row per landed row of an active payment_requests extract.
{% set amounts = [['SoTien', 'amount_vnd'], ['Phi', 'phi_vnd'], ['LePhi', 'le_phi_vnd']] -%}
{% set dates = [
    ['NgayYeuCau', 'requested_at'],
    ['NgayThuPhi', 'paid_at'],
    ['NgayHoanPhi', 'refunded_at'],
] -%}
with source as (select * from {{ source('one_stop', 'payment_requests') }}),

agency_codes as (select * from {{ ref('stg_province__agency_codes') }}),

extracts as (select * from {{ ref('stg_landing__extracts') }}),

cleaned as (
    select
        extract_id,
        row_number,
        {{ '"MaYeuCau"' }} as written_key,
        {{ clean_key('"MaYeuCau"') }} as payment_request_id,
        {{ clean_key('"MaHoSo"') }} as filing_id,
        {{ clean_key('"MaDonVi"') }} as written_agency_code,
        {{ clean_key('"MaGiaoDich"') }} as transaction_id,
        {{ clean_key('"MaNganHang"') }} as bank_code,
        {{ cleaned_columns([
            'SoTien', 'Phi', 'LePhi', 'TrangThai', 'HinhThucThanhToan', 'HinhThucThu', 'NgayYeuCau', 'NgayThuPhi',
            'NgayHoanPhi',
        ]) }}
    from source
),

parsed as (
    select
        cleaned.*,
        {{ matched_agency_code('cleaned.written_agency_code') }} as source_agency_code,
        {{ parsed_columns(amounts, 'integer') }},
        {{ parsed_columns(dates, 'timestamp') }}
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
    payment_request_id,
    {{ reference('filing_id') }} as filing_id,
    source_agency_code,
    transaction_id,
    upper(bank_code) as bank_code,
    {{ match_label('"TrangThai"') }} as status_written,
    {{ match_label('"HinhThucThanhToan"') }} as method_written,
    {{ match_label('"HinhThucThu"') }} as collection_written,
    amount_vnd,
    phi_vnd,
    le_phi_vnd,
    requested_at,
    paid_at,
    refunded_at,
    no_date_columns,
    {{ unparseable_columns(amounts + dates) }} as unparseable_columns
from dated
