-- One row per earlier verdict of the gate in this home.
{{ stage_columns('history', 'verdicts') }}
