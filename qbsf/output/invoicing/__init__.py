"""How a run of `qbsf invoice` is told: JSON, plain lines, tables, and the news under cron."""
