-- One row per month, subject (filings, payments, checks), scope, entity and kind of caveat: what a reader must know of
-- its figures.
with agency_caveats as (select * from {{ ref('int_agency_caveats') }}),

deliveries as (select * from {{ ref('int_deliveries') }}),

warnings as (select * from {{ ref('stg_expectations__warnings') }}),

province as (select * from {{ ref('stg_province__province') }}),

agencies as (select * from {{ ref('dim_agencies') }}),

scoped as (
    {{ roll_up('agency_caveats', names=['name_vi']) }}
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
        {{ dbt.listagg(
            'missing_name_vi', "'; '", 'order by group_order, official_order, missing_name_vi'
        ) }} as missing_names_vi,
        {{ dbt.listagg(
            'missing_name_en', "'; '", 'order by group_order, official_order, missing_name_vi'
        ) }} as missing_names_en
    from scoped
    group by month, subject, scope, entity_code, entity_name_vi, caveat_id
),

computed as (
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
                then 'chưa tính ' || {{ count_text('row_count', 'vi') }} || ' dòng bị cách ly'
            when caveat_id = 'missing_attempts'
                then 'chưa có giao dịch thanh toán từ ' || missing_names_vi
            when caveat_id = 'held_file'
                then
                    'bản tệp mới đang được giữ lại chờ xác nhận (' || missing_names_vi
                    || '), số liệu chưa tính bản này'
            when caveat_id = 'month_without_file'
                then
                    {{ count_text('row_count', 'vi') }}
                    || ' bản ghi trong tệp của tháng thuộc tháng không có tệp nào: không bảng tháng nào đếm'
            else 'chưa có dữ liệu từ ' || missing_names_vi
        end as text_vi,
        case
            when caveat_id = 'quarantined_rows'
                then 'rows set aside and not counted: ' || {{ count_text('row_count', 'en') }}
            when caveat_id = 'missing_attempts'
                then 'no payment attempts from ' || missing_names_en
            when caveat_id = 'held_file'
                then
                    'a newer file is held until somebody confirms it (' || missing_names_en
                    || '); these figures are without it'
            when caveat_id = 'month_without_file'
                then
                    'records in the month''s files that are of a month without a file, and in no month''s tables: '
                    || {{ count_text('row_count', 'en') }}
            else 'no data from ' || missing_names_en
        end as text_en
    from summed
),

kept as (
    {{ keep_closed_months('computed') }}
),

months as (
    select month from deliveries
    union distinct
    select month from warnings
    where month is not null
),

-- What the gate warned of tonight, each in the month that it touches or, if it is about none, in all. Of an agency that
-- the province folder knows it stands with the agency, otherwise with the province.
warned as (
    select
        months.month,
        'checks' as subject,
        case when agencies.agency_code is null then 'province' else 'agency' end as scope,
        coalesce(agencies.agency_code, province.province_code) as entity_code,
        coalesce(agencies.name_vi, province.name_vi) as entity_name_vi,
        concat_ws(
            '/', warnings.check_id, warnings.subject, warnings.source_id, warnings.entity,
            case when agencies.agency_code is null then warnings.agency_name_vi end
        ) as warning_id,
        warnings.warning_number,
        case when agencies.agency_code is null then coalesce(warnings.agency_name_vi || ': ', '') else '' end
        || warnings.text_vi as text_vi,
        case when agencies.agency_code is null then coalesce(warnings.agency_name_vi || ': ', '') else '' end
        || warnings.text_en as text_en
    from warnings
    inner join months on warnings.month is null or warnings.month = months.month
    cross join province
    left join agencies on warnings.agency_code = agencies.agency_code and agencies.is_known
    qualify
        {{ latest_by(
            ['months.month', 'warnings.warning_number'],
            'case when ' ~ is_valid_in_month('agencies', 'months.month') ~ ' then 0 else 1 end, agencies.valid_from desc'
        ) }}
),

closed_months as (
    {{ select_closed_months() }}
),

-- A closed month keeps what it was closed with; what has been warned of since stands beside it.
warned_since as (
    select
        warned.*,
        closed_months.month is not null as is_after_close
    from warned
    left join closed_months on warned.month = closed_months.month
    left join kept
        on
            warned.month = kept.month
            and warned.scope = kept.scope
            and warned.entity_code = kept.entity_code
            and warned.text_vi = kept.text_vi
    where kept.month is null
),

named as (
    select
        *,
        row_number() over (
            partition by month, scope, entity_code, warning_id order by warning_number
        ) as place
    from warned_since
),

with_warnings as (
    select
        month,
        subject,
        scope,
        entity_code,
        entity_name_vi,
        caveat_id,
        row_count,
        text_vi,
        text_en
    from kept
    union all
    select
        month,
        subject,
        scope,
        entity_code,
        entity_name_vi,
        warning_id
        || case when is_after_close then '/after_close' else '' end
        || case when place > 1 then '/' || place else '' end as caveat_id,
        cast(1 as bigint) as row_count,
        text_vi,
        text_en
    from named
)

select * from with_warnings
order by month, subject, scope, entity_code, caveat_id
