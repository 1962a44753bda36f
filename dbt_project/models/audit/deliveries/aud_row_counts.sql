-- One row per source, entity and month of the frozen past: facts then beside facts of this run, joined both ways.
with frozen as (select * from {{ ref('stg_expectations__row_counts') }}),

reconciled as (select * from {{ ref('aud_row_reconciliation') }}),

horizon as (select max(file_month) as last_month from frozen),

observed as (
    select
        reconciled.source_id,
        reconciled.entity,
        reconciled.file_month,
        reconciled.fact_rows
    from reconciled
    inner join horizon on reconciled.file_month <= horizon.last_month
)

select
    coalesce(frozen.source_id, observed.source_id) as source_id,
    coalesce(frozen.entity, observed.entity) as entity,
    coalesce(frozen.file_month, observed.file_month) as file_month,
    coalesce(frozen.fact_rows, 0) as frozen_rows,
    coalesce(observed.fact_rows, 0) as fact_rows
from frozen
full outer join observed
    on
        frozen.source_id = observed.source_id
        and frozen.entity = observed.entity
        and frozen.file_month = observed.file_month
order by source_id, entity, file_month
