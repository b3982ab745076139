"""The command line: a door for whoever operates the machine.

`main` is the command with its help; `frame` holds what all commands share; the rest is a module for
each family. Modules import late, inside commands, so that `--help` answers at once.
"""
