-- One row per scope, entity and month of the earlier publication's online rates.
{{ stage_columns('history', 'online_rates') }}
