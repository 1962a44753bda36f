-- One row per subject (filings, payments), month, scope and entity that has caveats: all of them in one list.
select
    subject,
    month,
    scope,
    entity_code,
    sum(case when caveat_id = 'quarantined_rows' then row_count end) as quarantined_rows,
    {{ json_list('caveat_json', 'caveat_id') }} as caveats_json
from {{ ref('mart_caveats') }}
where subject in ('filings', 'payments')
group by subject, month, scope, entity_code
