-- One row per month, subject (filings, payments, checks), scope, entity and kind of caveat: what a reader must know of
-- its figures.
with quarantined as (
    select * from {{ ref('fct_quarantined_rows') }}
    where entity in ('filings', 'payment_requests', 'payment_attempts')
),

deliveries as (
    select * from {{ ref('fct_feed_deliveries') }}
    where entity in ('filings', 'payment_requests', 'payment_attempts')
),

reasons as (select * from {{ ref('ref_missing_reasons') }}),

incomplete as (
    select
        deliveries.month,
        deliveries.entity,
        deliveries.agency_code,
        coalesce(
            min(case when deliveries.is_expected then reasons.official_order end), min(reasons.official_order)
        ) as reason_order
    from deliveries
    left join reasons on deliveries.missing_reason = reasons.missing_reason
    group by deliveries.month, deliveries.entity, deliveries.agency_code
    having not ({{ is_month_complete() }})
),

warnings as (select * from {{ ref('stg_expectations__warnings') }}),

extracts as (select * from {{ ref('stg_landing__extracts') }}),

facts as (
    select
        'filings' as subject,
        extract_id,
        received_month as month,
        agency_code
    from {{ ref('fct_filings') }}
    where is_received
    union all
    select
        'payments' as subject,
        extract_id,
        paid_month as month,
        agency_code
    from {{ ref('fct_payments') }}
    where is_paid
    union all
    select
        'payments' as subject,
        extract_id,
        attempted_month as month,
        agency_code
    from {{ ref('fct_payment_attempts') }}
),

province as (select * from {{ ref('stg_province__province') }}),

agencies as (select * from {{ ref('dim_agencies') }}),

set_aside as (
    select
        quarantined.file_month as month,
        case when quarantined.entity = 'filings' then 'filings' else 'payments' end as subject,
        quarantined.agency_code,
        'quarantined_rows' as caveat_id,
        count(*) as row_count,
        false as is_missing,
        cast(null as integer) as reason_order
    from quarantined
    group by quarantined.file_month, subject, quarantined.agency_code
),

-- The attempts of an agency whose requests did not come are not named once more.
missing as (
    select
        incomplete.month,
        case when incomplete.entity = 'filings' then 'filings' else 'payments' end as subject,
        incomplete.agency_code,
        case when incomplete.entity = 'payment_attempts' then 'missing_attempts' else 'missing_feed' end as caveat_id,
        1 as row_count,
        true as is_missing,
        incomplete.reason_order
    from incomplete
    left join incomplete as requests
        on
            incomplete.entity = 'payment_attempts'
            and requests.entity = 'payment_requests'
            and incomplete.month = requests.month
            and incomplete.agency_code = requests.agency_code
    where requests.agency_code is null
),

-- Where a file's newer version is held, every figure that the one before gives goes on without it; where there is none
-- before, all that is missing of the month waits for it.
held_files as (
    select
        held.entity,
        held.file_month,
        read_instead.extract_id
    from extracts as held
    left join extracts as read_instead
        on
            held.source_id = read_instead.source_id
            and held.entity = read_instead.entity
            and held.file_name = read_instead.file_name
            and read_instead.is_active
    where held.left_out = 'held'
),

held as (
    select
        facts.month,
        facts.subject,
        facts.agency_code
    from held_files
    inner join facts on held_files.extract_id = facts.extract_id
    union distinct
    select
        missing.month,
        missing.subject,
        missing.agency_code
    from held_files
    inner join missing
        on
            held_files.file_month = missing.month
            and missing.subject = case when held_files.entity = 'filings' then 'filings' else 'payments' end
    where held_files.extract_id is null
),

held_back as (
    select
        month,
        subject,
        agency_code,
        'held_file' as caveat_id,
        1 as row_count,
        false as is_missing,
        cast(null as integer) as reason_order
    from held
),

-- What this month's files hold of months that no file is for is in no month's tables: it is told here, where it came.
uncovered as (
    select
        file_month as month,
        case when entity = 'filings' then 'filings' else 'payments' end as subject,
        agency_code,
        'month_without_file' as caveat_id,
        sum(row_count) as row_count,
        false as is_missing,
        cast(null as integer) as reason_order
    from {{ ref('fct_placed_facts') }}
    where place = 'month_without_file' and entity in ('filings', 'payment_requests', 'payment_attempts')
    group by file_month, subject, agency_code
),

-- Name and group as they were in the month; what is written of an agency outside its validity goes by the newest.
of_agencies as (
    select
        unioned.*,
        agencies.name_vi,
        agencies.group_code,
        agencies.group_name_vi,
        agencies.group_order,
        agencies.official_order,
        case
            when unioned.is_missing or unioned.caveat_id = 'held_file'
                then agencies.name_vi || coalesce(' (' || reasons.name_vi || ')', '')
        end as missing_name_vi,
        case
            when unioned.is_missing or unioned.caveat_id = 'held_file'
                then coalesce(agencies.name_en, agencies.name_vi) || coalesce(' (' || reasons.name_en || ')', '')
        end as missing_name_en
    from (
        select * from set_aside
        union all
        select * from missing
        union all
        select * from held_back
        union all
        select * from uncovered
    ) as unioned
    inner join agencies on unioned.agency_code = agencies.agency_code
    -- That no file came is what the caveat says already.
    left join reasons on unioned.reason_order = reasons.official_order and reasons.missing_reason <> 'no_file'
    qualify
        row_number() over (
            partition by unioned.month, unioned.subject, unioned.caveat_id, unioned.agency_code
            order by
                case
                    when
                        agencies.valid_from <= {{ dbt.last_day('unioned.month', 'month') }}
                        and (agencies.valid_to is null or unioned.month <= agencies.valid_to)
                        then 0
                    else 1
                end,
                agencies.valid_from desc
        ) = 1
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
        missing_name_en,
        group_order,
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
        missing_name_en,
        group_order,
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
        of_agencies.missing_name_en,
        of_agencies.group_order,
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
        row_number() over (
            partition by months.month, warnings.warning_number
            order by
                case
                    when
                        agencies.valid_from <= {{ dbt.last_day('months.month', 'month') }}
                        and (agencies.valid_to is null or months.month <= agencies.valid_to)
                        then 0
                    else 1
                end,
                agencies.valid_from desc
        ) = 1
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
