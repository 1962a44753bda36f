-- One row per month, subject (filings, payments), kind of caveat and agency: what its figures lack.
with quarantined as (
    select * from {{ ref('fct_quarantined_rows') }}
    where entity in ('filings', 'payment_requests', 'payment_attempts')
),

incomplete as (
    select * from {{ ref('int_deliveries') }}
    where not is_delivered
),

reasons as (select * from {{ ref('ref_missing_reasons') }}),

extracts as (select * from {{ ref('stg_landing__extracts') }}),

refused_files as (
    select * from {{ ref('int_refused_files') }}
    where consequence = 'older_version'
),

refused_feeds as (
    select * from {{ ref('int_refused_feeds') }}
    where is_older_version or is_without_supplement
),

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
        incomplete.missing_reason_order as reason_order
    from incomplete
    left join incomplete as requests
        on
            case when incomplete.entity = 'payment_attempts' then 'payment_requests' end = requests.entity
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

-- Where a file was refused and its month goes on, with the version before or without a supplement: every figure that it
-- may have touched, and every other that the version before gives.
refused as (
    select
        facts.month,
        facts.subject,
        facts.agency_code
    from refused_files
    inner join facts on refused_files.read_instead = facts.extract_id
    union distinct
    select
        month,
        case when entity = 'filings' then 'filings' else 'payments' end as subject,
        agency_code
    from refused_feeds
),

-- What is missing altogether says so with its reason.
refused_kept as (
    select
        refused.month,
        refused.subject,
        refused.agency_code,
        'refused_file' as caveat_id,
        1 as row_count,
        false as is_missing,
        cast(null as integer) as reason_order
    from refused
    left join missing
        on
            refused.month = missing.month
            and refused.subject = missing.subject
            and refused.agency_code = missing.agency_code
            and missing.caveat_id = 'missing_feed'
    where missing.agency_code is null
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
)

-- Name and group as they were in the month; what is written of an agency outside its validity goes by the newest.
select
    unioned.*,
    agencies.name_vi,
    agencies.group_code,
    agencies.group_name_vi,
    agencies.group_order,
    agencies.official_order,
    case
        when unioned.is_missing or unioned.caveat_id in ('held_file', 'refused_file')
            then
                {{ json_record({
                    'code': 'unioned.agency_code',
                    'name_vi': 'agencies.name_vi',
                    'name_en': 'agencies.name_en',
                    'reason': 'reasons.missing_reason',
                }) }}
    end as agency_json
from (
    select * from set_aside
    union all
    select * from missing
    union all
    select * from held_back
    union all
    select * from refused_kept
    union all
    select * from uncovered
) as unioned
inner join agencies on unioned.agency_code = agencies.agency_code
-- That no file came is what the caveat says already.
left join reasons on unioned.reason_order = reasons.official_order and reasons.missing_reason <> 'no_file'
qualify
    {{ latest_by(
        ['unioned.month', 'unioned.subject', 'unioned.caveat_id', 'unioned.agency_code'],
        'case when ' ~ is_valid_in_month('agencies', 'unioned.month') ~ ' then 0 else 1 end, agencies.valid_from desc'
    ) }}
