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

select
    labelled.*,
    channels.channel_code,
    levels.level_code,
    statuses.status_code,
    applicants.applicant_kind,
    {{ unparseable_columns([
        ['labelled.channel_label', 'channels.channel_code', 'KenhThucHien'],
        ['labelled.level_label', 'levels.level_code', 'MucDo'],
        ['labelled.status_label', 'statuses.status_code', 'TrangThaiHoSo'],
        ['labelled.applicant_label', 'applicants.applicant_kind', 'LoaiDoiTuong'],
    ]) }} as unmapped_columns
from labelled
left join channel_labels as channels on labelled.channel_label = channels.source_label
left join service_level_labels as levels on labelled.level_label = levels.source_label
left join filing_status_labels as statuses on labelled.status_label = statuses.source_label
left join applicant_kind_labels as applicants on labelled.applicant_label = applicants.source_label
