-- One row per active extract and text column: rows looked at, rows whose text holds a sign that documents cannot print.
{% set texts = {
    'filings': {
        'MaHoSo': 'filing_id', 'MaTTHC': 'procedure_code', 'TenTTHC': 'procedure_name_vi', 'MaLinhVuc': 'field_code',
        'TenLinhVuc': 'field_name_vi', 'MaDonVi': 'source_agency_code', 'DonViXuLy': 'handling_unit_vi',
    },
    'payment_requests': {
        'MaYeuCau': 'payment_request_id', 'MaDonVi': 'source_agency_code', 'MaNganHang': 'bank_code',
    },
    'payment_attempts': {
        'MaThamChieu': 'payment_attempt_id', 'MaNganHang': 'bank_code', 'MaLoi': 'error_code',
    },
    'procedures': {
        'MaTTHC': 'procedure_code', 'TenTTHC': 'name_vi', 'MaLinhVuc': 'field_code', 'TenLinhVuc': 'field_name_vi',
        'CapThucHien': 'administrative_tier',
    },
    'reported_figures': {'MaDonVi': 'source_agency_code', 'ChiTieu': 'indicator_written'},
    'index_counts': {'MaDonVi': 'source_agency_code', 'ThanhPhan': 'component_written'},
} -%}
with extracts as (
    select * from {{ ref('stg_landing__extracts') }}
    where is_active
),

{% for entity in texts -%}
{{ entity }} as (select * from {{ ref('stg_one_stop__' ~ entity) }}),

{% endfor -%}

-- Each feed is read once, all its columns beside each other: this is the dearest question of the night.
{% for entity, columns in texts.items() -%}
checked_{{ entity }} as (
    select
        extract_id,
        row_number{% for column in columns.values() %},
        coalesce({{ has_unprintable_sign(column) }}, false) as fails_{{ column }}{% endfor %}
    from {{ entity }}
),

counted_{{ entity }} as (
    select
        extract_id,
        count(*) as row_count{% for column in columns.values() %},
        sum(case when fails_{{ column }} then 1 else 0 end) as failing_{{ column }},
        min(case when fails_{{ column }} then row_number end) as first_{{ column }}{% endfor %}
    from checked_{{ entity }}
    group by extract_id
),

{% endfor -%}

counted as (
    {% for entity, columns in texts.items() -%}
    {% set last_entity = loop.last -%}
    {% for source_column, column in columns.items() -%}
    select
        extract_id,
        '{{ source_column }}' as source_column,
        row_count,
        failing_{{ column }} as failing_rows,
        cast(first_{{ column }} as bigint) as first_row_number
    from counted_{{ entity }}
    {% if not (last_entity and loop.last) %}union all
    {% endif %}
    {%- endfor %}
    {%- endfor %}
)

select
    -- The finding's words: file, column and row, and nothing of what stands there.
    extracts.file_name || ', ' || counted.source_column
    || coalesce(', #' || cast(counted.first_row_number as {{ dbt.type_string() }}), '') as rule_id,
    extracts.source_id,
    extracts.entity,
    extracts.file_month,
    extracts.file_name,
    counted.extract_id,
    counted.source_column,
    counted.row_count,
    cast(0 as bigint) as wanted_rows,
    cast(counted.failing_rows as bigint) as failing_rows,
    counted.first_row_number
from counted
inner join extracts on counted.extract_id = extracts.extract_id
order by extracts.source_id, extracts.entity, extracts.file_month, counted.extract_id, counted.source_column
