-- One row per refused file: none wanted, one found.
with refused as (select * from {{ ref('int_refused_files') }}),

-- One name per code, the newest: a renamed agency must not double its rows.
agencies as (
    select
        agency_code,
        name_vi
    from {{ ref('dim_agencies') }}
    qualify {{ latest_by(['agency_code'], 'valid_from desc') }}
)

select
    refused.refusal_number,
    refused.source_id,
    refused.entity,
    refused.file_month,
    refused.file_name,
    refused.agency_code,
    agencies.name_vi as agency_name_vi,
    cast(0 as bigint) as wanted_refusals,
    cast(1 as bigint) as refusals
from refused
left join agencies on refused.agency_code = agencies.agency_code
order by refused.refusal_number
