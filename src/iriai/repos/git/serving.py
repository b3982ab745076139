"""What `git upload-pack` is shown of a repository: the fewest files that git takes for one.

Creating files is most of what a small fetch costs, so this view has three: HEAD, packed refs and an
empty `refs` folder. The objects' folder and the configuration come by environment.
"""

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from iriai.repos.git import command
from iriai.repos.git.objects import Objects

CONFIG: Mapping[str, str] = {
    "core.bigFileThreshold": "16m",
    "core.packedGitLimit": "512m",
    "core.packedGitWindowSize": "32m",
    "gc.auto": "0",
    "pack.deltaCacheSize": "64m",
    "pack.windowMemory": "64m",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowReachableSHA1InWant": "true",
}
CONFIG_WORDS = {"GIT_CONFIG_COUNT": str(len(CONFIG))}
for _place, (_key, _value) in enumerate(CONFIG.items()):
    CONFIG_WORDS |= {f"GIT_CONFIG_KEY_{_place}": _key, f"GIT_CONFIG_VALUE_{_place}": _value}


@dataclass(frozen=True, slots=True)
class Shown:
    """A throw-away GIT_DIR, and the environment for a git process on it."""

    git_dir: Path
    environment: Mapping[str, str]


@contextmanager
def shown(
    objects: Objects, refs: Iterable[tuple[str, str, str | None]], *, protocol: str = ""
) -> Iterator[Shown]:
    """The repository with these refs for as long as the block lasts.

    A ref is its full name, its object, and for an annotated tag what that comes down to.
    """
    objects.refresh()
    made = Path(tempfile.mkdtemp(dir=objects.path.parents[1], prefix="view-"))
    try:
        (made / "refs").mkdir()
        (made / "HEAD").write_text("ref: refs/heads/main\n")
        (made / "packed-refs").write_text(command.packed_refs(refs))
        words = {"GIT_OBJECT_DIRECTORY": str(objects.path), **CONFIG_WORDS}
        if protocol:
            words["GIT_PROTOCOL"] = protocol
        yield Shown(made, command.environment(made, words))
    finally:
        shutil.rmtree(made, ignore_errors=True)
