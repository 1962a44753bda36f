-- One row per scope, entity and month of the earlier publication's payments.
with source as (select * from {{ source('history', 'payment_figures') }})

select
    month,
    scope,
    entity_code,
    entity_name_vi,
    group_code,
    online_payment_count,
    online_payment_amount_vnd,
    online_refund_count,
    online_refund_amount_vnd,
    other_payment_count,
    other_payment_amount_vnd
from source
