-- One row per filing of the earlier publication.
{{ stage_columns('history', 'filings') }}
