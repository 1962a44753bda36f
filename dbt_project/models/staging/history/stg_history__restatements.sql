-- One row per restatement that the earlier publication told of.
with source as (select * from {{ source('history', 'restatements') }})

select
    from_publication,
    to_publication,
    metric,
    scope,
    entity_code,
    entity_name_vi,
    month,
    old_value,
    new_value,
    change,
    late_filings,
    corrections,
    -- Publications before this cause had a name told of none.
    coalesce(set_aside, 0) as set_aside,
    released_from_quarantine,
    reclassified,
    definition_changed,
    old_rate_percent,
    new_rate_percent
from source
