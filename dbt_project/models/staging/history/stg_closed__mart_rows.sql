-- One row per closed month, mart and place: the frozen rows as JSON, and at place 0 the mart itself.
{{ stage_columns('closed', 'mart_rows') }}
