-- One row per month and agency as it was: the agency of the newest structure that its figures are restated to.
{% set rate_measures = ['received', 'online'] -%}
{% set payment_measures = ['online_payment_count', 'online_payment_amount_vnd', 'online_refund_count'] -%}
with rates as (
    select * from {{ ref('mart_online_rates') }}
    where scope = 'agency'
),

payments as (
    select * from {{ ref('mart_payments') }}
    where scope = 'agency'
),

agencies as (select * from {{ ref('dim_agencies') }}),

heirs as (
    {{ newest_heirs() }}
),

newest as (
    {{ newest_agencies() }}
),

-- An agency whose payments come after its end has no row of filings, and one without a payment file none of payments.
as_was as (
    select
        month,
        entity_code,
        entity_name_vi,
        group_code,
        official_order
    from rates
    union distinct
    select
        payments.month,
        payments.entity_code,
        payments.entity_name_vi,
        payments.group_code,
        payments.official_order
    from payments
    left join rates on payments.month = rates.month and payments.entity_code = rates.entity_code
    where rates.entity_code is null
),

-- As it was at the month's end, or at its own: the newest span that had begun.
parents as (
    select
        as_was.month,
        as_was.entity_code,
        agencies.name_en,
        agencies.parent_code
    from as_was
    inner join agencies
        on
            as_was.entity_code = agencies.agency_code
            and coalesce(agencies.valid_from <= {{ dbt.last_day('as_was.month', 'month') }}, true)
    qualify {{ latest_by(['as_was.month', 'as_was.entity_code'], 'agencies.valid_from desc') }}
)

select
    as_was.month,
    as_was.entity_code as agency_code,
    as_was.entity_name_vi as agency_name_vi,
    parents.name_en as agency_name_en,
    as_was.group_code,
    parents.parent_code,
    cast(as_was.official_order as integer) as official_order,
    newest.agency_code as heir_code,
    newest.name_vi as heir_name_vi,
    newest.name_en as heir_name_en,
    newest.group_code as heir_group_code,
    newest.structure_on,
    as_was.entity_code <> newest.agency_code as is_moved
    {%- for measure in rate_measures %},
    rates.{{ measure }}{% endfor %}
    {%- for measure in payment_measures %},
    payments.{{ measure }}{% endfor %}
from as_was
left join rates on as_was.month = rates.month and as_was.entity_code = rates.entity_code
left join payments on as_was.month = payments.month and as_was.entity_code = payments.entity_code
left join parents on as_was.month = parents.month and as_was.entity_code = parents.entity_code
left join heirs on as_was.entity_code = heirs.agency_code
inner join newest on coalesce(heirs.heir_code, 'unallocated') = newest.agency_code
order by as_was.month, as_was.official_order, as_was.entity_code
