"""Months that a named person has closed: may it be closed, what is frozen, what was opened again.

Read from publications; nothing here builds one.
"""
