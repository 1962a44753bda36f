-- One row per payment request of the earlier publication.
{{ stage_columns('history', 'payments') }}
