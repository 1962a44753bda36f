-- One row per month that the earlier publication had.
{{ stage_columns('history', 'data_cut_off') }}
