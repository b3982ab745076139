"""`iriai`: the command, the list of what it can do, and how it ends."""

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from iriai import __version__
from iriai.base.errors import Excessive, HubError, Unavailable
from iriai.cli import frame

PRIVATE = 0o077
"""What a hub writes is for its operator's account alone, whatever that account's habits are."""

COMMANDS = {
    "Serving": {
        "serve": ("iriai.cli.serving:serve", "Start the hub: web pages, API, git, and the worker."),
        "work": ("iriai.cli.serving:work", "Run a worker by itself, beside `serve --no-worker`."),
        "demo": ("iriai.cli.demo:demo", "Start a hub with a model, a dataset and a commons in it."),
    },
    "People": {
        "user": ("iriai.cli.people:user", "Add people; set a password."),
        "token": ("iriai.cli.people:token", "Add access tokens."),
        "org": ("iriai.cli.people:org", "Add organisations, and people to them."),
    },
    "The commons": {
        "commons": (
            "iriai.cli.commons:commons",
            "Check what a commons decided; export it; act in an emergency.",
        ),
    },
    "Upkeep": {
        "migrate": ("iriai.cli.serving:migrate", "Bring the database to this version's schema."),
        "check": ("iriai.cli.upkeep:check", "Look for damage: log, repositories, large files."),
        "doctor": ("iriai.cli.upkeep:doctor", "See whether this machine and its settings will do."),
        "backup": ("iriai.cli.upkeep:backup", "Copy the whole hub into a folder, while it runs."),
        "restore": ("iriai.cli.upkeep:restore", "Make a hub out of a backup."),
    },
}

HELP = """A hub for models and datasets, governed by the people who use it.

\b
Start one here and now, with everything it keeps in ./data:
    iriai serve

It prints a link for making the first account. Clients of Hugging Face work with it when
HF_ENDPOINT is its address:

\b
    export HF_ENDPOINT=http://127.0.0.1:8700
    hf upload ada/my-model ./my-model
"""

EPILOG = """Every setting can be given as a variable (IRIAI_DATA for --data) or as a line of
iriai.toml in the data folder, the usual ones as a flag too; a flag wins over a variable, a
variable over the file. `iriai serve --help` lists the flags, docs/operate.md all settings.

\b
A command ends with
    0  done
    1  refused, or (check, doctor) something was found
    2  not understood
    3  not possible at the moment: a database or store that does not answer, a full disk
"""


class Hub(click.Group):
    """The commands, loaded when called; errors become one sentence and a number."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's name
        """Every command, by family."""
        return [name for family in COMMANDS.values() for name in family]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name."""
        for family in COMMANDS.values():
            if cmd_name in family:
                module, name = family[cmd_name][0].split(":")
                found: click.Command = getattr(import_module(module), name)
                return found
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The commands by family, without loading them."""
        for family, commands in COMMANDS.items():
            with formatter.section(family):
                formatter.write_dl([(name, says) for name, (_, says) in commands.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except HubError as error:
            click.echo(f"Error: {error.message}", err=True)
            not_now = isinstance(error, Unavailable | Excessive)
            ctx.exit(frame.NOT_NOW if not_now else frame.REFUSED)
        except KeyboardInterrupt:
            click.echo("\nStopped.", err=True)
            ctx.exit(frame.INTERRUPTED)


@click.group(
    cls=Hub,
    help=HELP,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": frame.WIDTH},
)
@click.version_option(__version__, "-V", "--version", message="iriai %(version)s")
def iriai() -> None:
    """The command itself does nothing."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `iriai` with these arguments, or with those of the process."""
    os.umask(PRIVATE)
    iriai(arguments, prog_name="iriai")
