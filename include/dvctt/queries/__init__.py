"""Questions to a publication: open it, check what is asked for, ask, and say the answer as rows.

Nothing here writes, and nothing here computes a figure that a mart has.
"""
