-- One row per source, entity (filings, payment_requests, payment_attempts), month and agency in force in it of which a
-- refused file may hold rows.
with refused as (
    select * from {{ ref('int_refused_files') }}
    where consequence <> 'listed'
),

agency_months as (select * from {{ ref('int_feed_months') }}),

served as (select * from {{ ref('stg_province__source_agencies') }})

-- A file whose name says no agency may hold rows of every agency that its source serves.
select
    agency_months.source_id,
    agency_months.entity,
    agency_months.month,
    agency_months.agency_code,
    bool_or(refused.consequence = 'missing') as is_missing,
    bool_or(refused.consequence = 'older_version') as is_older_version,
    bool_or(refused.consequence = 'supplement') as is_without_supplement
from agency_months
inner join refused
    on
        agency_months.source_id = refused.source_id
        and agency_months.entity = refused.entity
        and agency_months.month = refused.file_month
left join served
    on {{ share('agency_months', 'served', ['source_id', 'agency_code']) }}
where
    refused.agency_code = agency_months.agency_code
    or (refused.agency_code is null and served.agency_code is not null)
group by agency_months.source_id, agency_months.entity, agency_months.month, agency_months.agency_code
