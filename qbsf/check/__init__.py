"""`qbsf check`: everything that a pass under cron will need, tested live, one finding each."""
