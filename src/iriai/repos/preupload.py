"""How each file of an upload is to be sent, answered before a byte of it is.

`.gitattributes` of the repository decide first (or those the client is about to send), then size
and the first bytes. `oid` tells what is there now, so that a client can leave out the unchanged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iriai.repos.git.entries import File
from iriai.repos.git.objects import Objects
from iriai.repos.large import ATTRIBUTES_LENGTH_MAX, Attributes, Ignored, is_large
from iriai.repos.rules import clean_path

ATTRIBUTES, IGNORE = ".gitattributes", ".gitignore"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that somebody wants to upload; `sample` is its first 512 bytes."""

    path: str
    size: int
    sample: bytes


@dataclass(frozen=True, slots=True)
class Mode:
    """How to send it. `oid`: the SHA-256 of a large file that is there now, git's id of another."""

    path: str
    large: bool
    ignored: bool
    oid: str | None


def modes(
    objects: Objects,
    sha: str | None,
    files: Sequence[Candidate],
    *,
    gitignore: str | None = None,
    gitattributes: str | None = None,
) -> list[Mode]:
    """How each file is to be sent to a repository that is at commit `sha`."""
    for file in files:
        clean_path(file.path)
    given = {"": gitattributes} if gitattributes is not None else {}
    attributes = attributes_of(objects, sha, (file.path for file in files), given)
    if gitignore is None and sha is not None:
        gitignore = _text(objects, sha, IGNORE)
    ignored = Ignored(gitignore)
    found = []
    for file in files:
        entry = objects.find_entry(sha, file.path) if sha else None
        found.append(
            Mode(
                path=file.path,
                large=is_large(file.path, file.size, file.sample, attributes),
                ignored=file.path in ignored,
                oid=entry.etag if isinstance(entry, File) else None,
            )
        )
    return found


def attributes_of(
    objects: Objects, sha: str | None, paths: Iterable[str], given: dict[str, str] | None = None
) -> Attributes:
    """What `.gitattributes` files say about these paths, `given` ones instead of those kept."""
    texts = dict(given or {})
    folders = {""} | {folder for path in paths for folder in _folders(path)}
    for folder in folders:
        if sha is not None and folder not in texts:
            text = _text(objects, sha, f"{folder}/{ATTRIBUTES}" if folder else ATTRIBUTES)
            if text is not None:
                texts[folder] = text
    return Attributes(texts)


def _folders(path: str) -> list[str]:
    names = path.split("/")[:-1]
    return ["/".join(names[: depth + 1]) for depth in range(len(names))]


def _text(objects: Objects, sha: str, path: str) -> str | None:
    entry = objects.find_entry(sha, path)
    if not isinstance(entry, File) or entry.lfs or entry.size > ATTRIBUTES_LENGTH_MAX:
        return None
    return objects.blob(entry.oid).decode("utf-8", "replace")
