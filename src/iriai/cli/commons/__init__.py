"""`iriai commons`: what a commons decided, and the proof of it, for whoever wants to check."""

import click

from iriai.cli.commons import belenios as _belenios  # noqa: F401 - a command of `vote`
from iriai.cli.commons import breaking, counting, leaving, log, panel, pot


@click.group()
def commons() -> None:
    """Check what a commons decided; take it along; act as the operator.

    Counting needs no hub and no account: a file of published ballots is enough.
    """


commons.add_command(counting.vote)
commons.add_command(counting.budget)
commons.add_command(log.log)
commons.add_command(leaving.export)
commons.add_command(leaving.import_)
commons.add_command(leaving.fork)
commons.add_command(panel.panel)
commons.add_command(breaking.break_glass)
commons.add_command(pot.pot)
