"""Telling people who do not read cron's mail: a command, a webhook, a heartbeat (`[alerts]` in shared/interface.md)."""
