"""The only place that turns a number, a day or a code into text, in the language that is asked for.

Nothing here knows a table or a document.
"""
