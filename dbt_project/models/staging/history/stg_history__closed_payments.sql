-- One row per month that was closed in the earlier publication and payment request that it counts.
{{ stage_columns('history', 'closed_payments') }}
