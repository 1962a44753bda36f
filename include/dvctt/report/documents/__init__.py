"""Documents of a month and a period, the page of a verdict, requests to a person: which sections stand in which order.

Figures come from tables, words from wording; nothing here computes or formats one.
"""
