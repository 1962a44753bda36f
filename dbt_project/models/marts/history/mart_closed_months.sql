-- One row per month and revision: who closed it, out of what, what was waived, and whether it was opened again.
with revisions as (select * from {{ ref('stg_closed__revisions') }}),

closed_months as (select * from {{ ref('stg_closed__months') }}),

waived_feeds as (select * from {{ ref('stg_closed__waived_feeds') }}),

-- The same waiver, of many agencies, is said once.
waivers as (
    select
        month,
        revision,
        source_id,
        entity,
        waived_by,
        reason,
        waived_on,
        count(*) as feed_count,
        {{ json_list(
            json_record({'code': 'agency_code', 'name_vi': 'agency_name_vi'}), 'agency_code'
        ) }} as agencies_json
    from waived_feeds
    group by month, revision, source_id, entity, waived_by, reason, waived_on
),

counted as (
    select
        month,
        revision,
        sum(feed_count) as waived_feeds,
        {{ json_list(
            json_record({
                'id': "'waived_feed'",
                'source_id': 'source_id',
                'entity': 'entity',
                'agencies': json_value('agencies_json'),
                'waived_by': 'waived_by',
                'waived_on': 'waived_on',
                'reason': 'reason',
            }),
            'source_id, entity, waived_on, waived_by, reason'
        ) }} as waivers_json
    from waivers
    group by month, revision
)

select
    revisions.month,
    cast(revisions.revision as integer) as revision,
    closed_months.month is not null as is_in_force,
    cast(revisions.publication_number as bigint) as publication_number,
    revisions.closed_at,
    revisions.approved_by,
    revisions.note,
    cast(coalesce(counted.waived_feeds, 0) as bigint) as waived_feeds,
    counted.waivers_json,
    revisions.reopened_at,
    revisions.reopened_by,
    revisions.reopen_reason
from revisions
left join closed_months on revisions.month = closed_months.month and revisions.revision = closed_months.revision
left join counted on revisions.month = counted.month and revisions.revision = counted.revision
order by revisions.month, revisions.revision
