-- One row per landed row of an active payment_attempts extract.
-- attempted_at is the gateway's own time: its hour may be of a 12-hour clock (domain notes §2); only its day is used.
{% set amounts = [['SoTien', 'amount_vnd']] -%}
{% set dates = [
    ['ThoiGianGD', 'attempted_at'],
] -%}
with source as (select * from {{ source('one_stop', 'payment_attempts') }}),

extracts as (select * from {{ ref('stg_landing__extracts') }}),

cleaned as (
    select
        extract_id,
        row_number,
        {{ '"MaThamChieu"' }} as written_key,
        {{ clean_key('"MaThamChieu"') }} as payment_attempt_id,
        {{ clean_key('"MaYeuCau"') }} as payment_request_id,
        {{ clean_key('"MaHoSo"') }} as filing_id,
        {{ clean_key('"MaGiaoDich"') }} as transaction_id,
        {{ clean_key('"MaNganHang"') }} as bank_code,
        {{ clean_key('"MaLoi"') }} as error_code,
        {{ cleaned_columns(['SoTien', 'TrangThai', 'ThoiGianGD']) }}
    from source
),

parsed as (
    select
        *,
        {{ parsed_columns(amounts, 'integer') }},
        {{ parsed_columns(dates, 'timestamp') }}
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
    payment_attempt_id,
    {{ reference('payment_request_id') }} as payment_request_id,
    {{ reference('filing_id') }} as filing_id,
    transaction_id,
    upper(bank_code) as bank_code,
    error_code,
    {{ match_label('"TrangThai"') }} as status_written,
    amount_vnd,
    attempted_at,
    no_date_columns,
    {{ unparseable_columns(amounts + dates) }} as unparseable_columns
from dated
