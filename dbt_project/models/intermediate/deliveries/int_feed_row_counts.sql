-- One row per source, entity, file month and agency that rows are of: how many, set aside or not, and since when.
with files as (select * from {{ ref('int_feed_files') }}),

filings as (select * from {{ ref('int_filings_disposed') }}),

requests as (select * from {{ ref('int_payment_requests_disposed') }}),

attempts as (select * from {{ ref('int_payment_attempts_disposed') }}),

rows_seen as (
    select
        extract_id,
        source_agency_code
    from filings
    union all
    select
        extract_id,
        source_agency_code
    from requests
    union all
    -- An attempt names no agency: it is that of its request.
    select
        attempts.extract_id,
        requests.source_agency_code
    from attempts
    inner join requests
        on
            attempts.source_id = requests.source_id
            and attempts.payment_request_id = requests.payment_request_id
            and requests.disposition = 'fact'
),

-- A file's rows of an agency, those that were set aside too. Of what is in the files for all and in its own is a month
-- made; what stands elsewhere (2022-10.bo-sung.csv, 2022-10.phan-hai.csv) adds to it.
rows_of_files as (
    select
        files.extract_id,
        files.source_id,
        files.entity,
        files.file_month,
        files.file_name,
        files.is_supplement,
        rows_seen.source_agency_code as agency_code,
        files.name_suffix = ''
        or coalesce(files.agency_code = rows_seen.source_agency_code, false) as is_of_the_month,
        count(*) as row_count
    from rows_seen
    inner join files on rows_seen.extract_id = files.extract_id
    group by all
),

-- Rows of an agency that stand in a file of another name show that it has delivered. Not so in a supplement: it adds a
-- few rows to what has come, and they would pass for the whole month.
seen as (
    select
        active.source_id,
        active.entity,
        active.file_month,
        active.agency_code,
        min(versions.fetched_at) as arrived_at
    from rows_of_files as active
    inner join files as versions
        on {{ share('active', 'versions', ['source_id', 'entity', 'file_name']) }}
    where not active.is_supplement
    group by active.source_id, active.entity, active.file_month, active.agency_code
),

counted as (
    select
        source_id,
        entity,
        file_month,
        agency_code,
        sum(row_count) as all_rows,
        sum(case when is_of_the_month and not is_supplement then row_count else 0 end) as rows_of_the_month
    from rows_of_files
    group by source_id, entity, file_month, agency_code
)

select
    counted.*,
    seen.arrived_at
from counted
left join seen on {{ share('counted', 'seen', ['source_id', 'entity', 'file_month', 'agency_code']) }}
