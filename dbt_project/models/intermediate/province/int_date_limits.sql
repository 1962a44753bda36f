-- One row per extract: what the dates of its rows are held against.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

province as (select * from {{ ref('stg_province__province') }}),

feeds as (select * from {{ ref('stg_province__expected_feeds') }}),

national as (select * from {{ ref('ref_date_limits') }}),

own as (select * from {{ ref('stg_province__date_limits') }}),

feed_days as (
    select
        source_id,
        entity,
        min(valid_from) as feed_first_day
    from feeds
    group by source_id, entity
),

sources as (select distinct source_id from extracts),

-- A source's own limit in place of the national one.
resolved as (
    select
        sources.source_id,
        national.limit_id,
        coalesce(own.limit_value, national.limit_value) as limit_value
    from sources
    cross join national
    left join own on sources.source_id = own.source_id and national.limit_id = own.limit_id
),

limits as (
    select
        source_id
        {%- for limit in date_limit_ids() %},
        max(case when limit_id = '{{ limit }}' then limit_value end) as {{ limit }}{% endfor %}
    from resolved
    group by source_id
)

select
    extracts.extract_id,
    extracts.source_id,
    extracts.fetched_at,
    province.first_day,
    -- A file for a month before its feed was owed is told by its name: there is nothing strange in its rows.
    case when extracts.file_month >= feed_days.feed_first_day then feed_days.feed_first_day end as feed_first_day,
    {{ dbt.dateadd('month', 1, 'extracts.file_month') }} as next_month
    {%- for limit in date_limit_ids() %},
    limits.{{ limit }}{% endfor %}
from extracts
inner join limits on extracts.source_id = limits.source_id
left join feed_days on extracts.source_id = feed_days.source_id and extracts.entity = feed_days.entity
cross join province
