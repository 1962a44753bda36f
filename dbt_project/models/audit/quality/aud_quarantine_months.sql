-- One row per source, entity and file month: rows set aside, beside the budget of the month.
with agencies as (select * from {{ ref('aud_quarantine') }}),

budget as (select * from {{ ref('stg_province__quarantine_budget') }})

select
    agencies.source_id,
    agencies.entity,
    agencies.file_month,
    cast(sum(agencies.agency_rows) as bigint) as landed_rows,
    cast(sum(agencies.quarantined_rows) as bigint) as quarantined_rows,
    budget.rows_per_month as budget_rows
from agencies
cross join budget
group by agencies.source_id, agencies.entity, agencies.file_month, budget.rows_per_month
order by agencies.source_id, agencies.entity, agencies.file_month
