-- One row per month that is closed and payment request that it counts.
{{ stage_columns('closed', 'payments') }}
