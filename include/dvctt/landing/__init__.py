"""Offers become immutable Parquet and a manifest, or a refusal: the last place that sees personal data.

What was landed is never changed here or later; a withdrawal is a line in a ledger. No SQL of the business.
"""
