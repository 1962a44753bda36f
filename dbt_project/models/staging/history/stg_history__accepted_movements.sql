-- One row per movement beyond its band that a person has accepted, with the figures that the person was shown.
{{ stage_columns('history', 'accepted_movements') }}
