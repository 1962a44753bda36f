-- One row: what this candidate is made with.
{{ stage_columns('history', 'candidate') }}
