-- One row per month that was closed in the earlier publication: its revision, and what its figures were made with.
{{ stage_columns('history', 'closed_months') }}
