-- One row per version of a file of filings or payments that is not held: which month it is for, and whose it is.
with extracts as (
    select * from {{ ref('stg_landing__extracts') }}
    where entity in ('filings', 'payment_requests', 'payment_attempts')
),

codes as (
    select distinct agency_code from {{ ref('dim_agencies') }}
    where is_known
),

-- A file of the month without more in its name is for all agencies; one whose name goes on with an agency's code
-- (2022-10.H62.01.csv) is that agency's own. Every version of a file counts: a corrected one is not late for it.
file_names as (
    select
        extract_id,
        source_id,
        entity,
        file_month,
        file_name,
        is_active,
        landed_rows,
        control_rows,
        {{ file_suffix('file_name') }} as name_suffix,
        {{ is_supplement(file_suffix('file_name')) }} as is_supplement,
        fetched_at
    from extracts
    -- What is held has not come: it would pass for an agency that had nothing.
    where left_out is null
)

select
    file_names.*,
    codes.agency_code
from file_names
left join codes on {{ is_file_of('file_names.name_suffix', 'codes.agency_code') }}
qualify {{ latest_by(['file_names.extract_id'], 'length(codes.agency_code) desc nulls last') }}
