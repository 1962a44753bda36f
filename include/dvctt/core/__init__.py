"""Leaves that every room may use: errors, the clock, files, months, figure ids, the contract of source files, quoting for SQL.

Nothing here knows a province, a table or a document, and nothing here imports another room.
"""
