"""The pure core: what an Opportunity should say, from QuickBooks records, the Opportunity and the configuration.

Nothing here reads, writes, asks the time or knows of HTTP. The rules are shared/rules.md's, section by section:
received.py (1), states.py (2), links.py (3), fields.py, decision.py, restraint.py and stages.py (4), brake.py (5).
"""
