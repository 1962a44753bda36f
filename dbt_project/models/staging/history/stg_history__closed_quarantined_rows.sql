-- One row per month that was closed in the earlier publication and row that was set aside when it was closed.
{{ stage_columns('history', 'closed_quarantined_rows') }}
