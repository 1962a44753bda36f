-- One row per month that is closed and row that was set aside when it was closed.
{{ stage_columns('closed', 'quarantined_rows') }}
