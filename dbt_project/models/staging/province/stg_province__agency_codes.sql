-- One row per agency code of the province folder, in the spelling by which what a source wrote is matched to it.
with agencies as (select * from {{ source('province', 'agencies') }}),

folded as (
    select
        agency_code,
        {{ fold_key(clean_key('agency_code')) }} as folded_code
    from agencies
)

-- Two codes that only their case tells apart are matched as they are written, and no further.
select
    folded_code,
    min(agency_code) as agency_code
from folded
group by folded_code
having count(distinct agency_code) = 1
