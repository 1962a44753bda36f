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
        {{ dbt.listagg('agency_name_vi', "'; '", 'order by agency_code') }} as agency_names_vi
    from waived_feeds
    group by month, revision, source_id, entity, waived_by, reason, waived_on
),

said as (
    select
        month,
        revision,
        feed_count,
        source_id,
        entity,
        waived_by,
        reason,
        waived_on,
        case entity
            when 'filings' then 'hồ sơ'
            when 'payment_requests' then 'yêu cầu thanh toán'
            when 'payment_attempts' then 'giao dịch thanh toán'
            else entity
        end || ' (nguồn ' || source_id || ') của ' || agency_names_vi || ': ' || waived_by || ' cho miễn ngày '
        || lpad(cast(extract(day from waived_on) as {{ dbt.type_string() }}), 2, '0') || '/'
        || lpad(cast(extract(month from waived_on) as {{ dbt.type_string() }}), 2, '0') || '/'
        || cast(extract(year from waived_on) as {{ dbt.type_string() }}) || ', lý do: ' || reason as words_vi,
        case entity
            when 'filings' then 'filings'
            when 'payment_requests' then 'payment requests'
            when 'payment_attempts' then 'payment attempts'
            else entity
        end || ' (source ' || source_id || ') of ' || agency_names_vi || ': waived by ' || waived_by || ' on '
        || cast(waived_on as {{ dbt.type_string() }}) || ', reason: “' || reason || '”' as words_en
    from waivers
),

counted as (
    select
        month,
        revision,
        sum(feed_count) as waived_feeds,
        {{ dbt.listagg('words_vi', "' · '", 'order by source_id, entity, waived_on, waived_by, reason') }} as waived_vi,
        {{ dbt.listagg('words_en', "' · '", 'order by source_id, entity, waived_on, waived_by, reason') }} as waived_en
    from said
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
    counted.waived_vi,
    counted.waived_en,
    revisions.reopened_at,
    revisions.reopened_by,
    revisions.reopen_reason
from revisions
left join closed_months on revisions.month = closed_months.month and revisions.revision = closed_months.revision
left join counted on revisions.month = counted.month and revisions.revision = counted.revision
order by revisions.month, revisions.revision
