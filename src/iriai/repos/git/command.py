"""Running git itself, for what it does better: streaming, packing, judging what others send.

It gets a list of words and never a shell, no configuration but ours, no credentials, and a folder
of its own (`view`): HEAD, config and packed refs made for the occasion, objects by alternates. Refs
on disk are thus never shared, and the folder goes when its `with` block is left, however that is.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired

from iriai.base.errors import Excessive, Unavailable

SECONDS_MAX = 600.0
ERROR_LENGTH_MAX = 2_000
PIECE_BYTES = 1 << 18

CONFIG = """\
[core]
\trepositoryformatversion = 0
\tbare = true
[gc]
\tauto = 0
[pack]
\tthreads = 1
[transfer]
\tfsckObjects = true
[fsck]
\tzeroPaddedFilemode = warn
"""


class GitFailed(Exception):
    """Git ended with an error; `said` is what it wrote to its standard error."""

    def __init__(self, command: str, said: str) -> None:
        super().__init__(f"git {command}: {said}")
        self.said = said


def environment(git_dir: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """All that a git process of ours may know of its surroundings."""
    made = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(git_dir),
        "LC_ALL": "C",
        "GIT_DIR": str(git_dir),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_PROTOCOL_FROM_USER": "0",
    }
    return made | dict(more or {})


def git(
    git_dir: Path,
    words: Sequence[str],
    *,
    given: bytes | Path | None = None,
    more: Mapping[str, str] | None = None,
    seconds: float = SECONDS_MAX,
) -> bytes:
    """What `git words…` writes, `given` on its standard input; `GitFailed` where it fails."""
    with ExitStack() as stack:
        source = stack.enter_context(given.open("rb")) if isinstance(given, Path) else PIPE
        running = stack.enter_context(
            Popen(
                ["git", *words],
                env=environment(git_dir, more),
                cwd=git_dir,
                stdin=source,
                stdout=PIPE,
                stderr=PIPE,
            )
        )
        try:
            out, said = running.communicate(
                given if isinstance(given, bytes) else None, timeout=seconds
            )
        except TimeoutExpired:
            raise Excessive(f"This took git longer than {seconds:.0f} seconds.") from None
        finally:
            if running.poll() is None:
                running.kill()
    if running.returncode:
        raise GitFailed(words[0], said.decode("utf-8", "replace")[-ERROR_LENGTH_MAX:].strip())
    return out


def pieces(git_dir: Path, words: Sequence[str]) -> Iterator[bytes]:
    """What `git words…` writes, as it comes; git is ended when the reader stops."""
    with Popen(
        ["git", *words],
        env=environment(git_dir),
        cwd=git_dir,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
    ) as running:
        assert running.stdout is not None  # noqa: S101 - a pipe was asked for
        try:
            while piece := running.stdout.read(PIECE_BYTES):
                yield piece
        finally:
            if running.poll() is None:
                running.kill()
    if running.returncode > 0:
        raise Unavailable("This file cannot be read at the moment.", code="ObjectDamaged")


@contextmanager
def view(
    folder: Path,
    objects: Sequence[Path],
    refs: Iterable[tuple[str, str, str | None]] = (),
    *,
    head: str = "refs/heads/main",
    config: str = "",
) -> Iterator[Path]:
    """A throw-away GIT_DIR under `folder` over these object folders, with these refs.

    A ref is its full name, its object, and for an annotated tag what that comes down to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder, prefix="view-"))
    try:
        for inner in ("refs", "objects/pack", "objects/info"):
            (made / inner).mkdir(parents=True)
        (made / "HEAD").write_text(f"ref: {head}\n")
        (made / "config").write_text(CONFIG + config)
        (made / "packed-refs").write_text(packed_refs(refs))
        (made / "objects/info/alternates").write_text("".join(f"{each}\n" for each in objects))
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def packed_refs(refs: Iterable[tuple[str, str, str | None]]) -> str:
    """The refs as git keeps them in one file."""
    lines = ["# pack-refs with: peeled fully-peeled sorted \n"]
    for name, sha, peeled in sorted(refs, key=lambda ref: ref[0].encode()):
        lines.append(f"{sha} {name}\n")
        if peeled and peeled != sha:
            lines.append(f"^{peeled}\n")
    return "".join(lines)
