-- One row per filing that a month that was closed in the earlier publication counts.
with source as (select * from {{ source('history', 'closed_filings') }})

select
    closed_month,
    revision,
    source_id,
    filing_id,
    agency_code,
    source_agency_code,
    channel_code,
    is_channel_assumed,
    is_online,
    level_code,
    is_online_service_level,
    status_code,
    is_received,
    received_at,
    received_month,
    extract_id,
    row_number
from source
