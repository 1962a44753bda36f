"""The command line: a command parses, calls and prints.

Rules stand in the rooms to its left; what two commands need in common stands there too.
"""
