-- One row per earlier verdict of the gate in this home.
with source as (select * from {{ source('history', 'verdicts') }})

select
    verdict_number,
    run_id,
    month,
    verdict,
    checks,
    failed_critical,
    failed_warning,
    could_not_check
from source
