-- One row per payment attempt of the earlier publication.
{{ stage_columns('history', 'payment_attempts') }}
