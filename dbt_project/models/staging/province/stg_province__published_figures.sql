-- One row per figure that the province printed.
with source as (select * from {{ source('province', 'published_figures') }})

select
    figure_id,
    scope,
    {{ clean_text('entity') }} as entity_name_vi,
    period_start,
    period_end,
    metric,
    published_value,
    lower_bound,
    upper_bound,
    unit,
    wording_vi,
    note,
    compared_month,
    other_group_code
from source
