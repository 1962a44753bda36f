-- One row per source, entity, file month and agency (NULL where the entity names none): rows set aside, and the budget.
{% set entities_of_agencies = ['filings', 'payment_requests', 'reported_figures', 'index_counts'] -%}
{% set entities = entities_of_agencies + ['payment_attempts', 'procedures'] -%}
with quarantined as (select * from {{ ref('fct_quarantined_rows') }}),

budget as (select * from {{ ref('stg_province__quarantine_budget') }}),

agencies as (
    {{ select_newest_agencies() }}
),

extracts as (
    select * from {{ ref('stg_landing__extracts') }}
    where is_active
),

staged as (
    {% for entity in entities -%}
    select
        extract_id,
        {{ 'source_agency_code' if entity in entities_of_agencies else 'cast(null as ' ~ dbt.type_string() ~ ')' }}
            as source_agency_code
    from {{ ref('stg_one_stop__' ~ entity) }}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

counted_rows as (
    select
        extracts.source_id,
        extracts.entity,
        extracts.file_month,
        staged.source_agency_code,
        count(*) as agency_rows
    from staged
    inner join extracts on staged.extract_id = extracts.extract_id
    group by extracts.source_id, extracts.entity, extracts.file_month, staged.source_agency_code
),

quarantined_of_agencies as (
    select
        source_id,
        entity,
        file_month,
        source_agency_code,
        count(*) as quarantined_rows
    from quarantined
    group by source_id, entity, file_month, source_agency_code
),

joined as (
    select
        counted_rows.*,
        coalesce(quarantined_of_agencies.quarantined_rows, 0) as quarantined_rows
    from counted_rows
    left join quarantined_of_agencies
        on
            counted_rows.source_id = quarantined_of_agencies.source_id
            and counted_rows.entity = quarantined_of_agencies.entity
            and counted_rows.file_month = quarantined_of_agencies.file_month
            and counted_rows.source_agency_code is not distinct from quarantined_of_agencies.source_agency_code
)

select
    joined.source_id,
    joined.entity,
    joined.file_month,
    joined.source_agency_code,
    agencies.name_vi as agency_name_vi,
    joined.agency_rows,
    joined.quarantined_rows,
    cast(0 as bigint) as wanted_rows,
    -- Whole rows; a single faulty row of a small agency does not stop a province's night, and rows of no known agency
    -- spoil no agency's rate: for them the budget of the month alone counts.
    case
        when agencies.agency_code is null then budget.rows_per_month
        else
            greatest(
                cast(1 as bigint), cast(floor(joined.agency_rows * budget.percent_of_agency_month / 100) as bigint)
            )
    end as budget_rows
from joined
left join agencies on joined.source_agency_code = agencies.agency_code
cross join budget
order by joined.source_id, joined.entity, joined.file_month, joined.source_agency_code
