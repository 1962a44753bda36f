-- A row is a change of a published figure that its causes do not add up to, or that nothing explains.
select
    from_publication,
    to_publication,
    metric,
    scope,
    entity_code,
    month,
    change,
    unexplained
from {{ ref('mart_restatements') }}
where
    unexplained <> 0
    or unexplained is null
    or change <> coalesce(new_value, 0) - coalesce(old_value, 0)
    or change <> {{ restatement_causes() | join(' + ') }}

union all

-- A province's change is that of its agencies.
select
    from_publication,
    to_publication,
    metric,
    'province' as scope,
    null as entity_code,
    month,
    sum(case when scope = 'province' then change else 0 end) as change,
    sum(case when scope = 'province' then change when scope = 'agency' then -change else 0 end) as unexplained
from {{ ref('mart_restatements') }}
group by from_publication, to_publication, metric, month
having sum(case when scope = 'province' then change when scope = 'agency' then -change else 0 end) <> 0
