-- One row per source, entity, month and agency of the earlier publication: whether its feed was owed and came.
{{ stage_columns('history', 'feeds') }}
