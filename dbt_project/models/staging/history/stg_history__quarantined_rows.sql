-- One row per row that the earlier publication had set aside.
{{ stage_columns('history', 'quarantined_rows') }}
