-- One row per landed row of an active payment_requests extract.
with source as (select * from {{ source('one_stop', 'payment_requests') }}),

cleaned as (
    select
        extract_id,
        row_number,
        {{ clean_text('"MaYeuCau"') }} as payment_request_id,
        {{ clean_text('"MaHoSo"') }} as filing_id,
        {{ clean_text('"MaDonVi"') }} as source_agency_code,
        {{ clean_text('"MaGiaoDich"') }} as transaction_id,
        {{ clean_text('"MaNganHang"') }} as bank_code,
        {{ cleaned_columns([
            'SoTien', 'Phi', 'LePhi', 'TrangThai', 'HinhThucThanhToan', 'HinhThucThu', 'NgayYeuCau', 'NgayThuPhi',
            'NgayHoanPhi',
        ]) }}
    from source
),

parsed as (
    select
        *,
        {{ parse_integer('"SoTien"') }} as amount_vnd,
        {{ parse_integer('"Phi"') }} as phi_vnd,
        {{ parse_integer('"LePhi"') }} as le_phi_vnd,
        {{ parse_timestamp('"NgayYeuCau"') }} as requested_at,
        {{ parse_timestamp('"NgayThuPhi"') }} as paid_at,
        {{ parse_timestamp('"NgayHoanPhi"') }} as refunded_at
    from cleaned
)

select
    extract_id,
    row_number,
    payment_request_id,
    filing_id,
    source_agency_code,
    transaction_id,
    bank_code,
    {{ match_label('"TrangThai"') }} as status_label,
    {{ match_label('"HinhThucThanhToan"') }} as method_label,
    {{ match_label('"HinhThucThu"') }} as collection_label,
    amount_vnd,
    phi_vnd,
    le_phi_vnd,
    requested_at,
    paid_at,
    refunded_at,
    {{ unparseable_columns([
        ['"SoTien"', 'amount_vnd'],
        ['"Phi"', 'phi_vnd'],
        ['"LePhi"', 'le_phi_vnd'],
        ['"NgayYeuCau"', 'requested_at'],
        ['"NgayThuPhi"', 'paid_at'],
        ['"NgayHoanPhi"', 'refunded_at'],
    ]) }} as unparseable_columns
from parsed
