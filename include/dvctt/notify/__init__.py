"""Who is told what, over which channel, once each.

An alert holds counts, names of agencies and months, and no value of a record. Nothing here decides whether a night is good.
"""
