-- One row per source, entity and file month: where every landed row went.
{% set entities = {
    'filings': 'fct_filings',
    'payment_requests': 'fct_payments',
    'payment_attempts': 'fct_payment_attempts',
    'procedures': 'dim_procedures',
    'reported_figures': 'fct_reported_figures',
    'index_counts': 'fct_index_counts',
} %}
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

quarantined as (
    select
        extract_id,
        count(*) as row_count
    from {{ ref('fct_quarantined_rows') }}
    group by extract_id
),

staged as (
    {% for entity in entities -%}
    select
        extract_id,
        count(*) as row_count
    from {{ ref('stg_one_stop__' ~ entity) }}
    group by extract_id
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

-- Counted in the facts themselves, not in what was meant to reach them.
facts as (
    {% for entity, fact in entities.items() -%}
    select
        extract_id,
        count(*) as row_count
    from {{ ref(fact) }}
    where extract_id is not null
    group by extract_id
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

superseded as (
    {% for entity in entities -%}
    select
        extract_id,
        count(*) as row_count,
        sum(case when is_superseded_within_file then 1 else 0 end) as within_file
    from {{ ref('int_' ~ entity ~ '_disposed') }}
    where disposition = 'superseded'
    group by extract_id
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

by_extract as (
    select
        extracts.*,
        coalesce(staged.row_count, 0) as staged_rows,
        coalesce(facts.row_count, 0) as fact_rows,
        coalesce(superseded.row_count, 0) as superseded_rows,
        coalesce(superseded.within_file, 0) as superseded_within_file_rows,
        coalesce(quarantined.row_count, 0) as quarantined_rows
    from extracts
    left join staged on extracts.extract_id = staged.extract_id
    left join facts on extracts.extract_id = facts.extract_id
    left join superseded on extracts.extract_id = superseded.extract_id
    left join quarantined on extracts.extract_id = quarantined.extract_id
),

summed as (
    select
        source_id,
        entity,
        file_month,
        cast(count(*) as bigint) as extracts,
        cast(sum(landed_rows) as bigint) as landed_rows,
        cast(sum(control_rows) as bigint) as control_rows,
        cast(sum(case when control_rows is not null then landed_rows end) as bigint) as landed_rows_with_control,
        cast(sum(case when is_active then 0 else landed_rows end) as bigint) as replaced_rows,
        cast(sum(staged_rows) as bigint) as staged_rows,
        cast(sum(fact_rows) as bigint) as fact_rows,
        cast(sum(superseded_rows) as bigint) as superseded_rows,
        cast(sum(superseded_within_file_rows) as bigint) as superseded_within_file_rows,
        cast(sum(quarantined_rows) as bigint) as quarantined_rows
    from by_extract
    group by source_id, entity, file_month
)

select
    *,
    staged_rows + replaced_rows as staged_and_replaced_rows,
    fact_rows + superseded_rows + quarantined_rows + replaced_rows as accounted_rows
from summed
order by source_id, entity, file_month
