-- One row per refused file: whose it is by its name, and what becomes of the figures that it would have touched.
with refused as (select * from {{ ref('stg_landing__refused_files') }}),

extracts as (
    select * from {{ ref('stg_landing__extracts') }}
    where is_active
),

agencies as (
    {{ select_newest_agencies(known_only=true) }}
),

file_names as (
    select
        *,
        {{ file_suffix('file_name') }} as name_suffix,
        {{ is_supplement(file_suffix('file_name')) }} as is_supplement
    from refused
)

-- The last good version goes on. Without one, an agency's own file, a file for all and one of any other name take the
-- month from those whose rows they may hold: nobody can say what is missing. A supplement for all is a few rows of
-- anybody: the month goes on without it, and says so.
select
    file_names.refusal_number,
    file_names.source_id,
    file_names.entity,
    file_names.file_month,
    file_names.file_name,
    file_names.refusal_reason,
    agencies.agency_code,
    agencies.name_vi as agency_name_vi,
    extracts.extract_id as read_instead,
    case
        when file_names.file_month is null or file_names.file_name is null then 'listed'
        when extracts.extract_id is not null then 'older_version'
        when file_names.is_supplement and agencies.agency_code is null then 'supplement'
        else 'missing'
    end as consequence
from file_names
left join agencies on {{ is_file_of('file_names.name_suffix', 'agencies.agency_code') }}
left join extracts
    on {{ share('file_names', 'extracts', ['source_id', 'entity', 'file_name']) }}
qualify {{ latest_by(['file_names.refusal_number'], 'length(agencies.agency_code) desc nulls last') }}
