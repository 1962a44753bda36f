-- One row per file or folder of a source that lay in the inbox and did not land: why, and what figures are without it.
with refused as (select * from {{ ref('int_refused_files') }}),

-- One name per code, the newest: a renamed agency must not double its rows.
agencies as (
    select
        agency_code,
        name_vi
    from {{ ref('dim_agencies') }}
    qualify {{ latest_by(['agency_code'], 'valid_from desc') }}
)

-- What is refused tonight, of closed months too: a close does not mend a file.
select
    refused.refusal_number,
    refused.source_id,
    refused.entity,
    refused.file_month as month,
    refused.file_name,
    refused.agency_code,
    agencies.name_vi as agency_name_vi,
    refused.refusal_reason,
    refused.consequence
from refused
left join agencies on refused.agency_code = agencies.agency_code
order by refused.refusal_number
