-- One row per subject (filings, payments), month, scope and entity that has caveats: all of them in one sentence.
select
    subject,
    month,
    scope,
    entity_code,
    sum(case when caveat_id = 'quarantined_rows' then row_count end) as quarantined_rows,
    {{ dbt.listagg('text_vi', "' · '", 'order by caveat_id') }} as caveat_vi,
    {{ dbt.listagg('text_en', "' · '", 'order by caveat_id') }} as caveat_en
from {{ ref('mart_caveats') }}
where subject in ('filings', 'payments')
group by subject, month, scope, entity_code
