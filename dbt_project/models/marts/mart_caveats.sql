-- One row per month, subject (filings, payments), scope, entity and kind of caveat: what a reader must know of its figures.
with quarantined as (
    select * from {{ ref('fct_quarantined_rows') }}
    where entity in ('filings', 'payment_requests', 'payment_attempts')
),

deliveries as (
    select * from {{ ref('int_feed_deliveries') }}
    where entity in ('filings', 'payment_requests')
),

province as (select * from {{ ref('stg_province__province') }}),

-- One name per code, the newest: a renamed agency must not double its rows.
agencies as (
    select
        agency_code,
        name_vi,
        short_name_vi,
        group_code,
        group_name_vi,
        group_order,
        official_order
    from {{ ref('dim_agencies') }}
    qualify row_number() over (partition by agency_code order by valid_from desc) = 1
),

set_aside as (
    select
        quarantined.file_month as month,
        case when quarantined.entity = 'filings' then 'filings' else 'payments' end as subject,
        quarantined.agency_code,
        'quarantined_rows' as caveat_id,
        count(*) as row_count,
        cast(null as {{ dbt.type_string() }}) as missing_name_vi
    from quarantined
    group by quarantined.file_month, subject, quarantined.agency_code
),

-- One source is enough to say that an agency's month came.
missing as (
    select
        deliveries.month,
        case when deliveries.entity = 'filings' then 'filings' else 'payments' end as subject,
        deliveries.agency_code,
        'missing_feed' as caveat_id,
        1 as row_count,
        agencies.name_vi as missing_name_vi
    from deliveries
    inner join agencies on deliveries.agency_code = agencies.agency_code
    group by deliveries.month, deliveries.entity, deliveries.agency_code, agencies.name_vi
    having not bool_or(deliveries.is_delivered)
),

of_agencies as (
    select
        unioned.*,
        agencies.name_vi,
        agencies.group_code,
        agencies.group_name_vi,
        agencies.official_order
    from (
        select * from set_aside
        union all
        select * from missing
    ) as unioned
    inner join agencies on unioned.agency_code = agencies.agency_code
),

scoped as (
    select
        month,
        subject,
        'agency' as scope,
        agency_code as entity_code,
        name_vi as entity_name_vi,
        caveat_id,
        row_count,
        missing_name_vi,
        official_order
    from of_agencies
    union all
    select
        month,
        subject,
        'group' as scope,
        group_code as entity_code,
        group_name_vi as entity_name_vi,
        caveat_id,
        row_count,
        missing_name_vi,
        official_order
    from of_agencies
    union all
    select
        of_agencies.month,
        of_agencies.subject,
        'province' as scope,
        province.province_code as entity_code,
        province.name_vi as entity_name_vi,
        of_agencies.caveat_id,
        of_agencies.row_count,
        of_agencies.missing_name_vi,
        of_agencies.official_order
    from of_agencies
    cross join province
),

summed as (
    select
        month,
        subject,
        scope,
        entity_code,
        entity_name_vi,
        caveat_id,
        sum(row_count) as row_count,
        {{ dbt.listagg('missing_name_vi', "', '", 'order by official_order') }} as missing_names_vi
    from scoped
    group by month, subject, scope, entity_code, entity_name_vi, caveat_id
)

select
    month,
    subject,
    scope,
    entity_code,
    entity_name_vi,
    caveat_id,
    cast(row_count as bigint) as row_count,
    case
        when caveat_id = 'quarantined_rows'
            then 'chưa tính ' || row_count || ' dòng bị cách ly'
        else 'chưa có dữ liệu từ ' || missing_names_vi
    end as text_vi
from summed
order by month, subject, scope, entity_code, caveat_id
