"""A province as data: what its folder may hold, and what must hold across its files.

The folder is read here and nowhere else. What a rule of the nation is stands in a seed of dbt, not here.
"""
