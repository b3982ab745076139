"""The worker: a door without callers. It seals the log and does the jobs that are due."""
