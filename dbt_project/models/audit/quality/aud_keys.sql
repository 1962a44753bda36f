-- One row per source, entity and file month: keys in several spellings, and rows that stand again in their own file.
{% set keys = {
    'filings': ['filing_id'],
    'payment_requests': ['payment_request_id'],
    'payment_attempts': ['payment_attempt_id'],
    'procedures': ['procedure_code', 'valid_from'],
    'reported_figures': ['source_agency_code', 'month', 'indicator'],
    'index_counts': ['source_agency_code', 'month', 'component'],
} -%}
{% set file_key = ['source_id', 'entity', 'file_month'] -%}
with reconciled as (select * from {{ ref('aud_row_reconciliation') }}),

several_spellings as (
    select
        source_id,
        entity,
        file_month,
        count(distinct folded_key) as twin_keys,
        count(distinct case when is_counted_twice then folded_key end) as counted_twice_keys
    from {{ ref('fct_twin_keys') }}
    group by source_id, entity, file_month
),

tolerances as (select * from {{ ref('ref_key_tolerances') }}),

-- Counted in the sound rows themselves, not in what was said of them: all of one key in one file but the last.
{% for entity, columns in keys.items() -%}
sound_{{ entity }} as (
    select
        source_id,
        file_month,
        count(*) as row_count
    from {{ ref('int_' ~ entity ~ '_disposed') }}
    where quarantine_reason is null
    group by source_id, file_month, extract_id, {{ columns | join(', ') }}
),

{% endfor -%}
repeated as (
    {% for entity in keys -%}
    select
        source_id,
        '{{ entity }}' as entity,
        file_month,
        sum(row_count - 1) as repeated_rows
    from sound_{{ entity }}
    group by source_id, file_month
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

-- At least so many, however small the month; a share of its rows beyond that.
tolerated as (
    select
        reconciled.source_id,
        reconciled.entity,
        reconciled.file_month,
        {{ key_tolerance('twin_keys', 'reconciled.staged_rows') }} as twin_keys,
        {{ key_tolerance('counted_twice_keys', 'reconciled.staged_rows') }} as counted_twice_keys,
        {{ key_tolerance('repeated_rows', 'reconciled.staged_rows') }} as repeated_rows
    from reconciled
    cross join tolerances
    group by reconciled.source_id, reconciled.entity, reconciled.file_month
)

select
    reconciled.source_id,
    reconciled.entity,
    reconciled.file_month,
    reconciled.staged_rows,
    cast(coalesce(several_spellings.twin_keys, 0) as bigint) as twin_keys,
    cast(tolerated.twin_keys as bigint) as tolerated_twin_keys,
    cast(coalesce(several_spellings.counted_twice_keys, 0) as bigint) as counted_twice_keys,
    cast(tolerated.counted_twice_keys as bigint) as tolerated_counted_twice_keys,
    reconciled.superseded_within_file_rows,
    cast(coalesce(repeated.repeated_rows, 0) as bigint) as repeated_rows,
    cast(tolerated.repeated_rows as bigint) as tolerated_repeated_rows
from reconciled
inner join tolerated
    on {{ share('reconciled', 'tolerated', file_key) }}
left join several_spellings
    on {{ share('reconciled', 'several_spellings', file_key) }}
left join repeated
    on {{ share('reconciled', 'repeated', file_key) }}
order by reconciled.source_id, reconciled.entity, reconciled.file_month
