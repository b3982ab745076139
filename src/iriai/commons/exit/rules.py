"""What an export is: a folder whose files can be checked one by one, and read without a hub. Pure.

export.json        what this is, and the size and SHA-256 of every other file
log/               log.jsonl, keys, checkpoints/: as `iriai commons log verify --folder` reads
rows/<table>.jsonl one row a line; what is private is null
repos/<id>-….pack  all that the refs of a repository lead to, one git pack each
objects/ab/cd/<…>  large files, by their SHA-256
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from iriai.base.errors import Invalid

FORMAT = "iriai-commons-export"
VERSION = 1
HEAD = "export.json"
LOG = "log"
ROWS = "rows"
STAYS = frozenset({"panels", "panel_seats"})
"""Tables of which rows stay behind: what says who was asked to sit, where few may know it."""
REPOS = "repos"
OBJECTS = "objects"
HASH_LENGTH = 64


@dataclass(frozen=True, slots=True)
class File:
    """A file of an export."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Carried:
    """A repository whose content comes along: its refs (name, object, commit), pack and files."""

    id: int
    kind: str
    name: str
    refs: tuple[tuple[str, str, str], ...]
    pack: str
    objects: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Export:
    """What an export says of itself. Of `left_out`, `held_out` stayed because of what is held."""

    name: str
    commons_id: int
    account_id: int
    url: str
    made_at: str
    origin: str
    size: int
    root: str
    note: str
    state: str
    left_out: int
    repos: tuple[Carried, ...]
    files: Mapping[str, File]
    held_out: int = 0

    @property
    def objects(self) -> dict[str, int]:
        """Every large file and its size."""
        return {sha256: size for repo in self.repos for sha256, size in repo.objects}

    @property
    def bytes(self) -> int:
        """How large it is."""
        return sum(each.size for each in self.files.values()) + sum(self.objects.values())


def written(export: Export) -> dict[str, Any]:
    """An export's head, as its file has it."""
    return {"format": FORMAT, "version": VERSION} | asdict(export)


def read(given: Any) -> Export:
    """An export's head."""
    if not isinstance(given, dict) or given.get("format") != FORMAT:
        raise Invalid("This is not an export of a commons.")
    if given.get("version") != VERSION:
        raise Invalid(f"This export has the form {given.get('version')}; we know {VERSION}.")
    facts = {key: value for key, value in given.items() if key not in ("format", "version")}
    try:
        facts["repos"] = tuple(
            Carried(
                **each
                | {
                    "refs": tuple((str(a), str(b), str(c)) for a, b, c in each["refs"]),
                    "objects": tuple((_hash(a), int(b)) for a, b in each["objects"]),
                    "pack": _place(each["pack"]),
                }
            )
            for each in facts["repos"]
        )
        facts["files"] = {_place(path): File(**each) for path, each in facts["files"].items()}
        return Export(**facts)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise Invalid("The head of this export is damaged.") from error


def object_place(sha256: str) -> str:
    """Where a large file lies in an export."""
    return f"{OBJECTS}/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _hash(text: str) -> str:
    if len(text) != HASH_LENGTH or not set(text) <= set("0123456789abcdef"):
        raise ValueError(text)
    return text


def _place(path: str) -> str:
    """A path inside the export, that cannot lead out of it."""
    if path.startswith("/") or "\\" in path or not set(path.split("/")).isdisjoint({"", ".", ".."}):
        raise ValueError(path)
    return path
