"""The command line: a door for whoever operates the hub."""
