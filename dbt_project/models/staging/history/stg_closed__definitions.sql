-- One row per month that is closed: its revision, and what its figures were made with.
{{ stage_columns('closed', 'months') }}
