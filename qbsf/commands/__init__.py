"""One module a command: what qbsf/cli.py calls once the command line is understood. Each returns the exit code."""
