-- One row per source, entity (filings, payment_requests, payment_attempts), month and agency in force in it.
with extracts as (
    select * from {{ ref('stg_landing__extracts') }}
    where entity in ('filings', 'payment_requests', 'payment_attempts')
),

refused as (
    select * from {{ ref('stg_landing__refused_files') }}
    where entity in ('filings', 'payment_requests', 'payment_attempts')
),

agency_months as (
    select * from {{ ref('int_agency_months') }}
    where agency_code <> 'unknown'
),

calendar as (select * from {{ ref('stg_province__expected_feeds') }}),

-- Every month between the first and the last that any of these files is for: a month in the middle that did not come is
-- owed too, and so are the filings of a month of which only payments came. What is before the first file is not owed: a
-- warehouse begins somewhere. The newest month is the horizon; a night on which nothing at all came is for the DAG to
-- tell.
landed as (
    select
        min(file_month) as first_month,
        max(file_month) as last_month
    from extracts
),

-- A file that came and was refused asks for its month too, if that is the one after the newest that landed: a mistyped
-- year must not open a row of empty months.
bounds as (
    select
        landed.first_month,
        coalesce(max(refused.file_month), landed.last_month) as last_month
    from landed
    left join refused on {{ dbt.dateadd('month', 1, 'landed.last_month') }} = refused.file_month
    group by landed.first_month, landed.last_month
),

-- A source of requests owes the attempts at paying them, whether or not any ever came.
feeds as (
    select distinct
        source_id,
        entity
    from extracts
    union distinct
    select distinct
        source_id,
        'payment_attempts' as entity
    from extracts
    where entity = 'payment_requests'
    union distinct
    select distinct
        source_id,
        entity
    from refused
    where file_month is not null
    union distinct
    select distinct
        source_id,
        entity
    from calendar
    where entity in ('filings', 'payment_requests', 'payment_attempts')
)

select
    feeds.source_id,
    feeds.entity,
    agency_months.month,
    agency_months.agency_code,
    agency_months.group_code
from feeds
cross join bounds
inner join agency_months on agency_months.month between bounds.first_month and bounds.last_month
