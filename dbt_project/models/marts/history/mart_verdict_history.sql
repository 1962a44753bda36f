-- One row per earlier verdict of the gate in this home: what it said, and on how many checks.
with verdicts as (select * from {{ ref('stg_history__verdicts') }})

select
    verdict_number,
    run_id,
    month,
    verdict,
    checks,
    failed_critical,
    failed_warning,
    could_not_check
from verdicts
order by verdict_number
