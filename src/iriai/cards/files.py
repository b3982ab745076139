"""The files of a repository as far as its card needs them: names, small texts, heads of weights."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from iriai.base.tx import Ground
from iriai.blobs import content
from iriai.blobs import queries as blobs
from iriai.blobs import rules as blob_rules
from iriai.cards.reading import ReadRange
from iriai.repos import queries as repos
from iriai.repos.git.entries import File

FILES_MAX = 20_000
TEXT_BYTES_MAX = 4 * 1024 * 1024
REGULAR_BYTES_MAX = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of one commit, but those at `hidden` paths.

    Nobody's right is judged here: cards are made by the hub for itself.
    """

    ground: Ground
    repo_id: int
    sha: str
    paths: Sequence[str]
    hidden: Container[str] = frozenset()

    def file(self, path: str) -> File | None:
        """The file at `path`."""
        if path in self.hidden:
            return None
        found = repos.objects(self.ground, self.repo_id).find_entry(self.sha, path)
        return found if isinstance(found, File) else None

    def ending(self, ending: str) -> list[File]:
        """The files whose names end so, by path."""
        found = (self.file(path) for path in sorted(self.paths) if path.endswith(ending))
        return [file for file in found if file is not None]

    def text(self, path: str) -> bytes | None:
        """The bytes of a small file; None where it is missing, large or a stand-in."""
        file = self.file(path)
        if file is None or file.lfs is not None or file.size > TEXT_BYTES_MAX:
            return None
        return repos.objects(self.ground, self.repo_id).blob(file.oid, size_max=TEXT_BYTES_MAX)

    def reader(self, file: File) -> ReadRange | None:
        """A way to read ranges of a file, large or not; None where its bytes are not here."""
        return range_reader(self.ground, self.repo_id, file)


def tree(ground: Ground, repo_id: int, sha: str, hidden: Container[str] = frozenset()) -> Tree:
    """The files of commit `sha`, up to `FILES_MAX`."""
    paths = repos.objects(ground, repo_id).paths(sha, FILES_MAX)
    return Tree(ground, repo_id, sha, [each for each in paths if each not in hidden], hidden)


def range_reader(ground: Ground, repo_id: int, file: File) -> ReadRange | None:
    """Bytes [start, end) of a file in git, in the store, or made up from chunks."""
    if file.lfs is None:
        if file.size > REGULAR_BYTES_MAX:
            return None
        data = repos.objects(ground, repo_id).blob(file.oid, size_max=REGULAR_BYTES_MAX)
        return lambda start, end: data[start:end]
    with ground.read() as tx:
        stored = blobs.object(tx, repo_id, file.lfs.sha256)
        terms = blobs.file(tx, stored.xet_hash) if stored and stored.xet_hash else None
    if stored is None:
        return None
    if terms is not None:
        pieces = terms.terms
        return lambda start, end: b"".join(content.stream(ground, pieces, start, end - 1))
    if not stored.has_blob:
        return None
    key = blob_rules.blob_key(stored.sha256)
    return lambda start, end: ground.store.read(key, start, end)
