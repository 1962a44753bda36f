"""The floor: the same work as a night, in plain SQL, with nothing that a night adds for people.

Landing, typed and deduplicated facts, rows that are set aside, the counts that a gate needs, the aggregates of the marts, and
a sorted copy of all of it. What `benchmarks.equality` holds against the product's result must be equal.
"""
