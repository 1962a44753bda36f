-- One row per month, scope and entity (agency, group, province) of the newest structure: mart_payment_duties restated.
{% set measures = [
    'received', 'fee_bearing', 'no_fee', 'unknown_procedure', 'waived', 'with_duty', 'paid_online', 'paid_otherwise',
    'asked_not_paid', 'not_asked', 'flagged_paid',
] -%}
with duties as (select * from {{ ref('mart_payment_duties') }}),

{{ restate_mart('duties', {
    'measures': measures,
    'missing': 'received',
    'shares': {
        'paid_online_percent': ('paid_online', 'with_duty'),
        'flagged_paid_percent': ('flagged_paid', 'with_duty'),
    },
}) }}
