-- One row per month, span, scope, entity of the index, and month and agency that the entity's span is made of.
-- An agency that ended in March is in December's year.
with entities as (select * from {{ ref('int_index_entities') }}),

payments as (
    select
        month,
        entity_code,
        is_month_loaded
    from {{ ref('mart_payments') }}
    where scope = 'agency'
),

agency_months as (
    select
        entities.month,
        entities.entity_code,
        entities.group_code,
        entities.has_filings,
        entities.has_filings and coalesce(payments.is_month_loaded, entities.entity_code = 'unknown') as has_payments
    from entities
    left join payments on entities.month = payments.month and entities.entity_code = payments.entity_code
    where entities.scope = 'agency' and entities.span = 'month'
)

-- A span lies within one year. That is said as an equality, and each scope joins by its own: an inequality alone, or an
-- `or` between the scopes, compares every month of every agency with every entity.
{% for scope, member_column in [('agency', 'entity_code'), ('group', 'group_code'), ('province', none)] -%}
select
    entities.month,
    entities.span,
    entities.scope,
    entities.entity_code,
    agency_months.month as member_month,
    agency_months.entity_code as agency_code,
    agency_months.has_filings,
    agency_months.has_payments
from entities
inner join agency_months
    on
        date_trunc('year', entities.month) = date_trunc('year', agency_months.month)
        {%- if member_column %}
        and entities.entity_code = agency_months.{{ member_column }}
        {%- endif %}
        and agency_months.month between entities.first_month and entities.month
where entities.scope = '{{ scope }}'
{% if not loop.last %}union all
{% endif %}
{%- endfor %}
