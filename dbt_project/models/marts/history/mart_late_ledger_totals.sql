-- One row per closed month, metric and agency of which the late ledger holds something: how many records, and how much.
{% set causes = restatement_causes() -%}
with ledger as (select * from {{ ref('mart_late_ledger') }})

select
    month,
    revision,
    metric,
    metric_name_vi,
    unit,
    metric_place,
    agency_code,
    agency_name_vi,
    cast(count(*) as bigint) as record_count,
    cast(sum(effect) as bigint) as effect{% for cause in causes %},
    cast(sum(case when cause = '{{ cause }}' then effect else 0 end) as bigint) as {{ cause }}{% endfor %}
from ledger
group by month, revision, metric, metric_name_vi, unit, metric_place, agency_code, agency_name_vi
order by month, metric_place, agency_code
