-- One row per source, entity, file month and agency code as written (NULL where there is none): rows and VND at each
-- point.
{% set entities = {'filings': 'fct_filings', 'payment_requests': 'fct_payments'} -%}
with
agencies as (
    {{ select_newest_agencies() }}
),

{% for entity, fact in entities.items() -%}
{{ entity }}_disposed as (
    select
        source_id,
        '{{ entity }}' as entity,
        file_month,
        source_agency_code,
        count(*) as staged_rows,
        sum(case when disposition = 'superseded' then 1 else 0 end) as superseded_rows,
        sum(case when is_superseded_within_file then 1 else 0 end) as superseded_within_file_rows,
        sum(case when disposition = 'quarantined' then 1 else 0 end) as quarantined_rows,
        {% if entity == 'filings' -%}
        cast(null as bigint) as staged_amount_vnd
        {%- else -%}
        sum(amount_vnd) as staged_amount_vnd
        {%- endif %}
    from {{ ref('int_' ~ entity ~ '_disposed') }}
    group by source_id, file_month, source_agency_code
),

{{ entity }}_facts as (
    select
        facts.source_id,
        extracts.file_month,
        facts.source_agency_code,
        count(*) as fact_rows,
        {% if entity == 'filings' -%}
        cast(null as bigint) as fact_amount_vnd
        {%- else -%}
        sum(facts.amount_vnd) as fact_amount_vnd
        {%- endif %}
    from {{ ref(fact) }} as facts
    inner join {{ ref('stg_landing__extracts') }} as extracts on facts.extract_id = extracts.extract_id
    group by facts.source_id, extracts.file_month, facts.source_agency_code
),

{% endfor -%}

joined as (
    {% for entity in entities -%}
    select
        disposed.*,
        coalesce(facts.fact_rows, 0) as fact_rows,
        facts.fact_amount_vnd
    from {{ entity }}_disposed as disposed
    left join {{ entity }}_facts as facts
        on
            disposed.source_id = facts.source_id
            and disposed.file_month = facts.file_month
            and disposed.source_agency_code is not distinct from facts.source_agency_code
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
)

select
    joined.source_id,
    joined.entity,
    joined.file_month,
    joined.source_agency_code,
    agencies.name_vi as agency_name_vi,
    joined.staged_rows,
    cast(joined.fact_rows as bigint) as fact_rows,
    cast(joined.superseded_rows as bigint) as superseded_rows,
    cast(joined.superseded_within_file_rows as bigint) as superseded_within_file_rows,
    cast(joined.quarantined_rows as bigint) as quarantined_rows,
    cast(joined.fact_rows + joined.superseded_rows + joined.quarantined_rows as bigint) as accounted_rows,
    cast(joined.staged_amount_vnd as bigint) as staged_amount_vnd,
    cast(joined.fact_amount_vnd as bigint) as fact_amount_vnd
from joined
left join agencies on joined.source_agency_code = agencies.agency_code
order by joined.source_id, joined.entity, joined.file_month, joined.source_agency_code
