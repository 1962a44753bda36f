"""The gate between facts and marts: Great Expectations over the audit tables, and the frozen past.

Thresholds are data (expectations/, seeds, the province folder). Nothing here changes what it judges.
"""
