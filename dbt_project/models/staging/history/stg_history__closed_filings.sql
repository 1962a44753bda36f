-- One row per filing that a month that was closed in the earlier publication counts.
{{ stage_columns('history', 'closed_filings') }}
