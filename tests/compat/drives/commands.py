"""The `hf` commands: which there are, and running one as a shell would, without a new process."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import click
from huggingface_hub.cli import hf as entry

from .frame import ELSEWHERE, NOT_HERE, OUTSIDE, ElsewhereError, came_to

RECORD: Any = None


def every() -> "list[str]":
    """The words of every command."""
    root = entry.app
    if not hasattr(root, "list_commands"):
        from typer.main import get_command

        root = get_command(root)
    return [" ".join(words) for words in _leaves(root, click.Context(root), ())]


def _leaves(command: Any, context: Any, before: "tuple[str, ...]") -> "Iterator[tuple[str, ...]]":
    if not hasattr(command, "list_commands"):
        yield before
        return
    for name in command.list_commands(context):
        plain = name.split("|")[0].strip()
        yield from _leaves(command.get_command(context, name), context, (*before, plain))


def hf(*words: str, given: str = "", ends: int = 0) -> SimpleNamespace:
    """Run `hf WORDS…`; it must end with that status. What it said is in `.said`."""
    said = io.StringIO()
    status, error = 0, None
    OUTSIDE.clear()
    before, stdin = sys.argv, sys.stdin
    sys.argv, sys.stdin = ["hf", *words], io.StringIO(given)
    RECORD.depth.inside = True
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            entry.main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        error = end.__context__
    except Exception as raised:  # noqa: BLE001 - a command that ends in a traceback
        status, error = 1, raised
    finally:
        RECORD.depth.inside = False
        sys.argv, sys.stdin = before, stdin
    if status and OUTSIDE:  # the client may go on after nobody else answered
        error = ElsewhereError(OUTSIDE[0])
    RECORD.note(f"hf {_name(words)}", None if status == 0 else error or SystemExit(status))
    text = said.getvalue()
    assert status == ends, f"hf {' '.join(words)} ended with {status}: {text}\n{error!r}"
    return SimpleNamespace(said=text, error=error, status=status)


@contextlib.contextmanager
def tokenless() -> Iterator[None]:
    """As somebody who has no token in the environment."""
    token = os.environ.pop("HF_TOKEN")
    try:
        yield
    finally:
        os.environ["HF_TOKEN"] = token


def unsupported(*commands: str) -> None:
    """Each of these ends with what the hub's 501 says."""
    for words in commands:
        ended = hf(*words.split(), given="y\n", ends=1)
        assert came_to(ended.error) == NOT_HERE, f"hf {words}: {ended.said} {ended.error!r}"


def elsewhere(*commands: str) -> None:
    """Each of these asks another host than the hub."""
    for words in commands:
        ended = hf(*words.split(), ends=1)
        assert came_to(ended.error) == ELSEWHERE, f"hf {words}: {ended.said} {ended.error!r}"


def _name(words: "tuple[str, ...]") -> str:
    """The command among the words, in the form `every` gives it."""
    names = KNOWN or KNOWN.update(dict.fromkeys(every())) or KNOWN
    for length in range(min(len(words), 4), 0, -1):
        plain = " ".join(words[:length])
        if plain in names:
            return plain
    raise AssertionError(f"There is no command {words}.")


KNOWN: "dict[str, None]" = {}
os.environ.setdefault("NO_COLOR", "1")
