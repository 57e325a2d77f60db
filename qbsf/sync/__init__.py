"""The pass: reads both sides, plans with qbsf.core, writes, remembers."""
