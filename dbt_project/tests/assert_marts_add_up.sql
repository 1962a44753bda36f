-- A row is a published total that its classes and its residue do not explain; one is enough to stop the publication.
select
    check_id,
    month,
    scope,
    entity_code,
    total,
    sum_of_classes,
    residue,
    unexplained
from {{ ref('mart_additivity_checks') }}
where unexplained <> 0 or unexplained is null

union all

-- A scan that found nothing has checked nothing.
select
    'no_check_at_all' as check_id,
    null as month,
    null as scope,
    null as entity_code,
    null as total,
    null as sum_of_classes,
    null as residue,
    count(*) as unexplained
from {{ ref('mart_additivity_checks') }}
having count(*) = 0
