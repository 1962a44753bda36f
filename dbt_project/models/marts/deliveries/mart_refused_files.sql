-- One row per file or folder of a source that lay in the inbox and did not land: why, and what figures are without it.
with refused as (select * from {{ ref('int_refused_files') }})

-- What is refused tonight, of closed months too: a close does not mend a file.
select
    refusal_number,
    source_id,
    entity,
    file_month as month,
    file_name,
    agency_code,
    agency_name_vi,
    refusal_reason,
    consequence
from refused
order by refusal_number
