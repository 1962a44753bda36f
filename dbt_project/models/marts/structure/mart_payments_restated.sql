-- One row per month, scope and entity (agency, group, province) of the newest structure: mart_payments restated.
-- Closed months are restated too: their agencies' rows are the frozen ones, and the structure is not what was closed.
{% set measures = [
    'online_payment_count', 'online_payment_amount_vnd', 'online_phi_vnd', 'online_le_phi_vnd',
    'online_refund_count', 'online_refund_amount_vnd', 'online_net_amount_vnd',
    'other_payment_count', 'other_payment_amount_vnd',
    'attempt_count', 'attempt_success_count', 'attempt_failed_count', 'attempt_open_count',
] -%}
with payments as (select * from {{ ref('mart_payments') }}),

{{ restate_mart('payments', {
    'measures': measures,
    'missing': 'online_payment_count',
    'also_missing': {'missing_attempt_agencies': 'attempt_count'},
}) }}
