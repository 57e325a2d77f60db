"""What a person, cron or a script gets to see: renderings of qbsf/report.py, and the manners of printing."""
