-- One row per landed row of an active filings extract, with its coded values as the national lists have them.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

filings as (select * from {{ ref('stg_one_stop__filings') }}),

local_values as (
    select * from {{ ref('int_source_values') }}
    where entity = 'filings'
),

channel_labels as (select * from {{ ref('ref_channel_labels') }}),

service_level_labels as (select * from {{ ref('ref_service_level_labels') }}),

filing_status_labels as (select * from {{ ref('ref_filing_status_labels') }}),

applicant_kind_labels as (select * from {{ ref('ref_applicant_kind_labels') }}),

labelled as (
    select
        filings.*,
        {{ national_label('local_channels', 'filings.channel_written') }} as channel_label,
        {{ national_label('local_levels', 'filings.level_written') }} as level_label,
        {{ national_label('local_statuses', 'filings.status_written') }} as status_label,
        {{ national_label('local_applicants', 'filings.applicant_written') }} as applicant_label
    from filings
    inner join extracts on filings.extract_id = extracts.extract_id
    {{ join_local_value('local_channels', 'KenhThucHien', 'filings.channel_written') }}
    {{ join_local_value('local_levels', 'MucDo', 'filings.level_written') }}
    {{ join_local_value('local_statuses', 'TrangThaiHoSo', 'filings.status_written') }}
    {{ join_local_value('local_applicants', 'LoaiDoiTuong', 'filings.applicant_written') }}
)

{{ select_coded([
    ('channel_label', 'channel_labels', 'channel_code', 'channel_code', 'KenhThucHien'),
    ('level_label', 'service_level_labels', 'level_code', 'level_code', 'MucDo'),
    ('status_label', 'filing_status_labels', 'status_code', 'status_code', 'TrangThaiHoSo'),
    ('applicant_label', 'applicant_kind_labels', 'applicant_kind', 'applicant_kind', 'LoaiDoiTuong'),
]) }}
