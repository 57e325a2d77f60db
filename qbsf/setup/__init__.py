"""`qbsf init`: the few questions that matter, and the configuration file they make."""
