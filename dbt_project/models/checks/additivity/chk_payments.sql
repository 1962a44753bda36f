-- One row per check, month, scope and entity: duties, kinds of payment, banks and failures.
-- What did not come is NULL and has no parts: its feeds are named in mart_feeds and mart_caveats.
with payments as (
    select * from {{ ref('mart_payments') }}
    where online_payment_count is not null
),

duties as (
    select * from {{ ref('mart_payment_duties') }}
    where received is not null
),

flag_gaps as (
    select
        month,
        scope,
        entity_code,
        sum(enters) - sum(leaves) as difference
    from {{ ref('mart_payment_flag_gaps') }}
    group by month, scope, entity_code
),

fees as (
    select
        month,
        scope,
        entity_code,
        sum(case when payment_kind = 'online' then unsplit_vnd end) as online_unsplit_vnd,
        sum(case when payment_kind <> 'not_given' then collected_amount_vnd else 0 end) as of_kinds_vnd,
        sum(case when payment_kind = 'not_given' then collected_amount_vnd else 0 end) as of_no_kind_vnd
        {%- for measure in [
            'collected_amount_vnd', 'phi_vnd', 'le_phi_vnd', 'unsplit_vnd', 'refund_amount_vnd', 'refund_phi_vnd',
            'refund_le_phi_vnd', 'refund_unsplit_vnd',
        ] %},
        sum({{ measure }}) as {{ measure }}{% endfor %}
    from {{ ref('mart_payment_fees') }}
    where collected_amount_vnd is not null
    group by month, scope, entity_code
),

banks as (
    select
        month,
        scope,
        entity_code,
        sum(case when bank_code <> 'not_given' then attempt_count else 0 end) as of_banks,
        sum(case when bank_code = 'not_given' then attempt_count else 0 end) as of_no_bank
    from {{ ref('mart_payment_banks') }}
    group by month, scope, entity_code
),

failures as (
    select
        month,
        scope,
        entity_code,
        sum(case when error_code <> 'not_given' then failed_count else 0 end) as of_codes,
        sum(case when error_code = 'not_given' then failed_count else 0 end) as of_no_code
    from {{ ref('mart_payment_failures') }}
    group by month, scope, entity_code
),

{# A check of a row of duties: its id, the total, its classes, the residue and the residue's id. #}
{% set of_duties = [
    ('received_is_with_and_without_fee', 'received', 'fee_bearing + no_fee', 'unknown_procedure', 'unknown_procedure'),
    ('fee_bearing_is_waived_and_due', 'fee_bearing', 'waived + with_duty', '0', none),
    (
        'duty_is_paid_and_not_paid', 'with_duty', 'paid_online + paid_otherwise + asked_not_paid + not_asked', '0', none,
    ),
] -%}
payment_duties as (
    {% for check_id, total, classes, residue, residue_id in of_duties -%}
    select
        '{{ check_id }}' as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        {{ total }} as total,
        {{ classes }} as sum_of_classes,
        cast({{ residue }} as bigint) as residue,
        {% if residue_id %}'{{ residue_id }}'{% else %}cast(null as {{ dbt.type_string() }}){% endif %}
            as residue_id
    from duties
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

payment_flags as (
    select
        'flagged_is_paid_online_and_reasons' as check_id,
        duties.month,
        duties.scope,
        duties.entity_code,
        duties.entity_name_vi,
        duties.flagged_paid as total,
        cast(duties.paid_online + coalesce(flag_gaps.difference, 0) as bigint) as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_id
    from duties
    left join flag_gaps on {{ share('duties', 'flag_gaps', ['month', 'scope', 'entity_code']) }}
),

province_duties as (
    select
        'province_duties_are_sum_of_agencies' as check_id,
        whole.month,
        whole.scope,
        whole.entity_code,
        whole.entity_name_vi,
        any_value(whole.with_duty) as total,
        cast(sum(case when parts.entity_code <> 'unknown' then parts.with_duty else 0 end) as bigint) as sum_of_classes,
        cast(sum(case when parts.entity_code = 'unknown' then parts.with_duty else 0 end) as bigint) as residue,
        'unknown_agency' as residue_id
    from duties as whole
    inner join duties as parts on whole.month = parts.month and parts.scope = 'agency'
    where whole.scope = 'province'
    group by whole.month, whole.scope, whole.entity_code, whole.entity_name_vi
),

{# Held against mart_payments, whose figures they part. #}
{% set of_payments = [
    (
        'payments_are_kinds', 'fees', 'payments.online_payment_amount_vnd + payments.other_payment_amount_vnd',
        'of_kinds_vnd', 'of_no_kind_vnd', 'no_payment_kind',
    ),
    (
        'collected_amount_is_phi_and_le_phi', 'fees', 'fees.collected_amount_vnd', 'phi_vnd + fees.le_phi_vnd',
        'unsplit_vnd', 'not_split',
    ),
    (
        'refund_amount_is_phi_and_le_phi', 'fees', 'fees.refund_amount_vnd', 'refund_phi_vnd + fees.refund_le_phi_vnd',
        'refund_unsplit_vnd', 'not_split',
    ),
    ('attempts_are_banks', 'banks', 'payments.attempt_count', 'of_banks', 'of_no_bank', 'no_bank'),
    (
        'failed_attempts_are_error_codes', 'failures', 'payments.attempt_failed_count', 'of_codes', 'of_no_code',
        'no_error_code',
    ),
] -%}
payment_parts as (
    {% for check_id, part, total, classes, residue, residue_id in of_payments -%}
    select
        '{{ check_id }}' as check_id,
        payments.month,
        payments.scope,
        payments.entity_code,
        payments.entity_name_vi,
        cast({{ total }} as bigint) as total,
        cast(coalesce({{ part }}.{{ classes }}, 0) as bigint) as sum_of_classes,
        cast(coalesce({{ part }}.{{ residue }}, 0) as bigint) as residue,
        '{{ residue_id }}' as residue_id
    from payments
    {{ 'inner' if total.startswith(part) else 'left' }} join {{ part }}
        on {{ share('payments', part, ['month', 'scope', 'entity_code']) }}
    {% if part != 'fees' %}where payments.attempt_count is not null
    {% endif %}
    {%- if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

computed as (
    {{ union_checks([
        'payment_duties', 'payment_flags', 'province_duties', 'payment_parts',
    ]) }}
)

select * from computed
