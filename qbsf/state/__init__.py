"""The local state of a profile: one SQLite file, mostly a cache of both systems as last seen.

Deleted or damaged it is rebuilt by a full pass. What cannot be rebuilt (own writes and moves, holds, acknowledgements)
makes the rules cautious where it is missing, never bold (rules.md section 5, "State").
"""
