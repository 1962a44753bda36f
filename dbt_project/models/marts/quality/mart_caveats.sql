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
        {{ json_list('agency_json', 'group_order, official_order, name_vi') }} as agencies_json
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
        {{ json_record({
            'id': 'caveat_id', 'row_count': 'row_count', 'agencies': json_value('agencies_json')
        }) }} as caveat_json
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

-- What the gate warned of tonight, each in the month that it touches or, if it is about none, in all.
warnings_of_months as (
    select
        warnings.*,
        warnings.month as told_in
    from warnings
    where warnings.month is not null
    union all
    select
        warnings.*,
        months.month as told_in
    from warnings
    cross join months
    where warnings.month is null
),

-- Of an agency that the province folder knows it stands with the agency, otherwise with the province.
warned as (
    select
        warnings.told_in as month,
        'checks' as subject,
        case when agencies.agency_code is null then 'province' else 'agency' end as scope,
        coalesce(agencies.agency_code, province.province_code) as entity_code,
        coalesce(agencies.name_vi, province.name_vi) as entity_name_vi,
        concat_ws(
            '/', warnings.check_id, warnings.subject, warnings.source_id, warnings.entity,
            case when agencies.agency_code is null then warnings.agency_name_vi end
        ) as warning_id,
        warnings.warning_number,
        case
            when agencies.agency_code is null and warnings.agency_name_vi is not null
                then {{ json_record_with('warnings.caveat_json', {'agency_name_vi': 'warnings.agency_name_vi'}) }}
            else warnings.caveat_json
        end as caveat_json,
        -- What was closed before a warning had an id is known by its words alone.
        case when agencies.agency_code is null then coalesce(warnings.agency_name_vi || ': ', '') else '' end
        || warnings.text_vi as text_vi
    from warnings_of_months as warnings
    cross join province
    left join agencies on warnings.agency_code = agencies.agency_code and agencies.is_known
    qualify
        {{ latest_by(
            ['warnings.told_in', 'warnings.warning_number'],
            'case when ' ~ is_valid_in_month('agencies', 'warnings.told_in') ~ ' then 0 else 1 end, agencies.valid_from desc'
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
        on {{ share('warned', 'kept', ['month', 'scope', 'entity_code', 'caveat_json']) }}
    left join kept as kept_words
        on
            {{ share('warned', 'kept_words', ['month', 'scope', 'entity_code']) }}
            and warned.text_vi = {{ frozen_words('kept_words.caveat_json') }}
    where kept.month is null and kept_words.month is null
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
        caveat_json
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
        caveat_json
    from named
)

select * from with_warnings
order by month, subject, scope, entity_code, caveat_id
