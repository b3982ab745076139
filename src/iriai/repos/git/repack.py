"""Many packs as one: git's own `pack-objects`, over an explicit list or what some commits lead to.

Never by what refs on disk can reach: refs are rows, and a pack whose only ref is a row would be
dropped as garbage. The list is what keeps every object.
"""

import secrets
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from iriai.repos.git.command import git
from iriai.repos.git.packs import Packed

SECONDS_MAX = 3_600.0


@contextmanager
def joined(git_dir: Path, names: Iterable[str], staging: Path) -> Iterator[Packed]:
    """One pack of all that these packs hold. It is removed when the block is left unstored."""
    given = "".join(f"pack-{name}.pack\n" for name in names)
    with _packed(git_dir, ["--stdin-packs"], given, staging) as made:
        yield made


@contextmanager
def reachable(git_dir: Path, tips: Iterable[str], staging: Path) -> Iterator[Packed]:
    """One pack of all that these commits and tags lead to."""
    given = "".join(f"{tip}\n" for tip in tips)
    with _packed(git_dir, ["--revs"], given, staging) as made:
        yield made


@contextmanager
def _packed(git_dir: Path, words: Sequence[str], given: str, staging: Path) -> Iterator[Packed]:
    with tempfile.TemporaryDirectory(dir=staging, prefix="repack-") as folder:
        base = Path(folder) / "pack"
        command = ["pack-objects", "--quiet", "--threads=1", "--delta-base-offset", *words]
        told = git(git_dir, [*command, str(base)], given=given.encode(), seconds=SECONDS_MAX)
        digest = told.decode("ascii").split()[-1]
        pack, idx = Path(f"{base}-{digest}.pack"), Path(f"{base}-{digest}.idx")
        index = idx.read_bytes()
        objects = int.from_bytes(index[8 + 255 * 4 : 8 + 256 * 4], "big")
        yield Packed(secrets.token_hex(20), pack, index, pack.stat().st_size, objects)
