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
    -- Publications before a cause had a name told of none.
    {% for cause in restatement_causes() -%}
    coalesce({{ cause }}, 0) as {{ cause }},
    {% endfor -%}
    old_rate_percent,
    new_rate_percent
from source
