-- One row per target and month of its validity: where the province stands against it.
with targets as (select * from {{ ref('stg_province__targets') }}),

coverage as (select * from {{ ref('mart_catalogue_coverage') }}),

rates as (select * from {{ ref('mart_online_rates') }}),

definitions as (select * from {{ ref('mart_online_rate_definitions') }}),

duties as (select * from {{ ref('mart_payment_duties') }}),

province as (select * from {{ ref('stg_province__province') }}),

metrics as (select * from {{ ref('ref_metrics') }}),

metric_definitions as (select * from {{ ref('ref_metric_definitions') }}),

-- What a metric counts, and each of its definitions with it.
nouns as (
    select
        metric,
        noun_vi,
        noun_en
    from metrics
    union distinct
    select
        metric_definitions.metric_id as metric,
        metrics.noun_vi,
        metrics.noun_en
    from metric_definitions
    inner join metrics on metric_definitions.metric = metrics.metric
),

caveats as (
    select
        month,
        scope,
        entity_code,
        {{ json_list('caveat_json', 'subject, caveat_id') }} as caveats_json
    from {{ ref('mart_caveats') }}
    where subject in ('filings', 'payments') and caveat_id <> 'missing_attempts'
    group by month, scope, entity_code
),

coverage_rows as (
    select
        *,
        to_json(coverage) as row_json
    from coverage
),

duty_rows as (
    select
        *,
        to_json(duties) as row_json
    from duties
),

-- Rows that shares are made of, and what they lack. Filings and payments make a duty: what either lacks is said.
share_rows as (
    select
        'mart_catalogue_coverage' as mart,
        coverage_rows.month,
        'province' as scope,
        province.province_code as entity_code,
        coverage_rows.row_json,
        coverage_rows.caveats_json
    from coverage_rows
    cross join province
    where coverage_rows.services_total is not null

    union all

    select
        'mart_online_rates' as mart,
        rates.month,
        rates.scope,
        rates.entity_code,
        to_json(rates) as row_json,
        rates.caveats_json
    from rates

    union all

    select
        'mart_payment_duties' as mart,
        duty_rows.month,
        duty_rows.scope,
        duty_rows.entity_code,
        duty_rows.row_json,
        caveats.caveats_json
    from duty_rows
    left join caveats on {{ share('duty_rows', 'caveats', ['month', 'scope', 'entity_code']) }}
),

-- A share is two columns of a mart, and the list of metrics names them. A metric that nothing feeds has no row here,
-- and its target says "no data".
shares as (
    select
        share_rows.month,
        metrics.metric,
        share_rows.scope,
        share_rows.entity_code,
        {% for count in ['numerator', 'denominator'] -%}
        cast(
            json_extract_string(share_rows.row_json, '$.' || metrics.{{ count }}) as bigint
        ) as {{ count }},
        {% endfor -%}
        share_rows.caveats_json
    from share_rows
    inner join metrics on share_rows.mart = metrics.share_of

    union all

    -- A target may name one of the rival definitions of the rate, such as the one of end-to-end services.
    select
        definitions.month,
        definitions.metric_id as metric,
        definitions.scope,
        definitions.entity_code,
        definitions.numerator,
        definitions.denominator,
        rates.caveats_json
    from definitions
    left join rates
        on
            definitions.month = rates.month
            and definitions.scope = rates.scope
            and definitions.entity_code = rates.entity_code
    qualify
        {{ latest_by(
            ['definitions.metric_id', 'definitions.month', 'definitions.scope', 'definitions.entity_code'],
            'definitions.is_in_force desc, definitions.version desc'
        ) }}
),

target_months as (
    select
        rates.month,
        rates.entity_name_vi,
        targets.*,
        coalesce(targets.entity_code, rates.entity_code) as target_entity_code
    from targets
    inner join rates
        on
            targets.scope = rates.scope
            and (targets.entity_code is null or targets.entity_code = rates.entity_code)
            and rates.month between date_trunc('month', targets.valid_from) and targets.valid_to
),

measured as (
    select
        target_months.*,
        shares.numerator,
        shares.denominator,
        shares.caveats_json,
        nouns.noun_vi,
        nouns.noun_en,
        100.0 * shares.numerator / nullif(shares.denominator, 0) as actual_percent
    from target_months
    left join shares
        on
            target_months.month = shares.month
            and target_months.metric = shares.metric
            and target_months.scope = shares.scope
            and target_months.target_entity_code = shares.entity_code
    left join nouns on target_months.metric = nouns.metric
),

computed as (
    select
        month,
        target_id,
        name_vi,
        metric,
        scope,
        target_entity_code as entity_code,
        entity_name_vi,
        target_percent,
        cast(numerator as bigint) as numerator,
        cast(denominator as bigint) as denominator,
        cast(actual_percent as double) as actual_percent,
        case
            when actual_percent is null then 'no_data'
            when actual_percent >= target_percent then 'met'
            else 'missed'
        end as status,
        cast(
            case when actual_percent < target_percent then target_percent - actual_percent end as double
        ) as short_by_points,
        cast(
            case
                when actual_percent < target_percent
                    -- In decimals: 16.1 % of 1,000 is 161, and a binary fraction would make it 162.
                    then ceil(cast(target_percent as decimal(9, 4)) * denominator / 100) - numerator
            end as bigint
        ) as short_by_count,
        noun_vi as short_unit_vi,
        noun_en as short_unit_en,
        legal_basis,
        certainty,
        valid_from,
        valid_to,
        caveats_json,
        name_en,
        legal_basis_en
    from measured
),

kept as (
    {{ keep_closed_months('computed') }}
)

select * from kept
order by month, target_id, entity_code
