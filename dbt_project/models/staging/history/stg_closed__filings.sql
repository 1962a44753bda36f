-- One row per filing that a month that is closed counts.
{{ stage_columns('closed', 'filings') }}
