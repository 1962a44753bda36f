-- One row, or none before the first: the publication that readers see while the candidate is built.
{{ stage_columns('history', 'publication') }}
