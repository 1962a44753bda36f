-- One row per scope, entity and month of the earlier publication's payments.
{{ stage_columns('history', 'payment_figures') }}
