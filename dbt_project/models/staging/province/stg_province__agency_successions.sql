-- One row per predecessor, successor and day on which the one took over from the other.
with source as (select * from {{ source('province', 'agency_successions') }})

select
    predecessor_code,
    successor_code,
    effective_on,
    kind,
    {{ clean_text('share_note') }} as share_note,
    {{ clean_text('legal_basis') }} as legal_basis,
    certainty
from source
