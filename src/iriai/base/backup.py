"""A whole hub in a folder, taken while people write to it, and a hub made out of such a folder.

The database is written down first, as one moment saw it (`portable`), the store's objects after.
They are immutable, and none is deleted meanwhile (`stay`), so every object that this moment speaks
of is there. A second backup into the same folder copies only what is new. In it lie:

    backup.json               which backup is complete: version, schema, moment, files, SHA-256
    tables-STAMP/NAME.jsonl   one table each
    objects-STAMP.jsonl       key, size and SHA-256 of every object
    objects/KEY               the objects: hard links where the disk is the same, else copies

`backup.json` is replaced last and at once, so an interrupted backup leaves the one before. It holds
everything the hub holds: keep it where nobody else can read it.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import orjson

from iriai import __version__
from iriai.base import durable, portable, stay
from iriai.base.errors import Conflict, Invalid, Unknown
from iriai.base.events import HUB
from iriai.base.migrate import current
from iriai.base.stores.protocol import PIECE_BYTES, Entry, clean_key
from iriai.base.tx import Ground

FORMAT = 1
HEAD = "backup.json"
LOCK = "lock"
COPIES_AT_ONCE = 4

Told = Callable[[str, int, int | None], None]
"""Called with what is being done, how much of it is, and of how much where that is known."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One object of a backup."""

    key: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Head:
    """What `backup.json` says."""

    format: int
    version: str
    schema: str
    made_at: str
    stamp: str
    tables: dict[str, dict[str, Any]]
    objects: int
    objects_bytes: int
    objects_sha256: str

    @property
    def rows(self) -> int:
        """How many rows all tables have."""
        return sum(int(each["rows"]) for each in self.tables.values())


@dataclass(frozen=True, slots=True)
class Taken:
    """A finished backup, and how much of it was new."""

    head: Head
    fresh: int
    fresh_bytes: int


def take(ground: Ground, folder: Path, told: Told) -> Taken:
    """Back the hub up into `folder`, which is empty or holds an earlier backup."""
    durable.make_folders(folder)
    folder.chmod(0o700)
    with _alone(folder), stay.held(ground) as stayed:
        _require_ours(folder)
        before = _objects(folder, found) if (found := _head_of(folder)) else {}
        now = ground.clock()
        stamp = f"{now:%Y%m%dT%H%M%S}-{token_hex(3)}"
        tables = _take_tables(ground, folder / f"tables-{stamp}", told)
        objects, fresh = _take_objects(ground, folder, before, told)
        listing = folder / f"objects-{stamp}.jsonl"
        listing.write_bytes(b"".join(orjson.dumps(asdict(each)) + b"\n" for each in objects))
        head = Head(
            format=FORMAT,
            version=__version__,
            schema=current(ground.engine) or "",
            made_at=now.isoformat().replace("+00:00", "Z"),
            stamp=stamp,
            tables=tables,
            objects=len(objects),
            objects_bytes=sum(each.size for each in objects),
            objects_sha256=_sha256(listing),
        )
        _make_durable(folder, [listing, *(folder / f"tables-{stamp}").iterdir()])
        stayed.renew()
        place = durable.write_file(folder, orjson.dumps(head, option=orjson.OPT_INDENT_2))
        place.rename(folder / HEAD)
        durable.sync_folder(folder)
        _remove_older(folder, stamp, {each.key for each in objects})
    with ground.write() as tx:
        tx.record(HUB, "operator", "took", "backup/hub", objects=head.objects, rows=head.rows)
    return Taken(head, len(fresh), sum(each.size for each in fresh))


def head(folder: Path) -> Head:
    """What lies in a folder that holds a backup."""
    found = _head_of(folder)
    if found is None:
        raise Unknown(f"There is no finished backup in {folder}.")
    return found


def _head_of(folder: Path) -> Head | None:
    if not (folder / HEAD).is_file():
        return None
    facts = orjson.loads((folder / HEAD).read_bytes())
    if facts.get("format") != FORMAT:
        raise Invalid(f"This version does not know the format of the backup in {folder}.")
    return Head(**facts)


def objects(folder: Path, of: Head) -> Iterator[Kept]:
    """The objects that a backup holds."""
    listing = folder / f"objects-{of.stamp}.jsonl"
    if not listing.is_file() or _sha256(listing) != of.objects_sha256:
        raise damaged(listing.name)
    for line in listing.read_bytes().splitlines():
        yield Kept(**orjson.loads(line))


def place_of(folder: Path, key: str) -> Path:
    """Where a backup keeps an object."""
    return folder / "objects" / clean_key(key)


def table_file(folder: Path, of: Head, name: str) -> Path:
    """The file of a table, found to be as it was written."""
    path = folder / f"tables-{of.stamp}" / f"{name}.jsonl"
    if not path.is_file() or _sha256(path) != of.tables[name]["sha256"]:
        raise damaged(path.name)
    return path


def damaged(name: str) -> Invalid:
    """The error for a backup that is not what it was."""
    return Invalid(f"The backup is damaged: {name} is missing or was changed.")


def copied(source: Iterable[bytes], place: Path) -> str:
    """Write pieces to a new file. Returns their SHA-256."""
    digest = hashlib.sha256()
    with place.open("xb") as file:
        for piece in source:
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def pieces(path: Path) -> Iterator[bytes]:
    """A file's bytes."""
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _objects(folder: Path, of: Head) -> dict[str, Kept]:
    return {each.key: each for each in objects(folder, of)}


def _take_tables(ground: Ground, folder: Path, told: Told) -> dict[str, dict[str, Any]]:
    folder.mkdir()
    done = 0

    def count(rows: int) -> None:
        nonlocal done
        done += rows
        told("rows", done, None)

    written: dict[str, dict[str, Any]] = {}
    with ground.engine.connect() as plain:
        connection = plain
        if ground.engine.dialect.name == "postgresql":
            connection = plain.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            for table in portable.tables(connection):
                path = folder / f"{table.name}.jsonl"
                facts = portable.write(connection, table, path, count)
                written[facts.table] = {
                    "rows": facts.rows,
                    "counter": facts.counter,
                    "sha256": _sha256(path),
                }
    return written


def _take_objects(
    ground: Ground, folder: Path, before: dict[str, Kept], told: Told
) -> tuple[list[Kept], list[Kept]]:
    entries = sorted(ground.store.entries(""), key=lambda each: each.key)
    kept: list[Kept] = []
    fresh: list[Kept] = []
    with ThreadPoolExecutor(COPIES_AT_ONCE) as pool:
        known = (before.get(each.key) for each in entries)
        taken = pool.map(
            _take_object, [ground] * len(entries), [folder] * len(entries), entries, known
        )
        for done, found in enumerate(taken, start=1):
            if found is not None:
                kept.append(found)
                if found is not before.get(found.key):
                    fresh.append(found)
            told("objects", done, len(entries))
    return kept, fresh


def _take_object(ground: Ground, folder: Path, entry: Entry, before: Kept | None) -> Kept | None:
    """Bring one object into the backup; None where it went meanwhile, as no row speaks of it."""
    place = place_of(folder, entry.key)
    if before is not None and before.size == entry.size and _is_of(entry, place):
        return before
    durable.make_folders(place.parent)
    place.unlink(missing_ok=True)
    source = ground.store.local_path(entry.key)
    try:
        if source is not None and _linked(source, place):
            return Kept(entry.key, place.stat().st_size, _sha256(place))
        return Kept(entry.key, entry.size, copied(ground.store.stream(entry.key), place))
    except (Unknown, FileNotFoundError):
        place.unlink(missing_ok=True)
        return None


def _is_of(entry: Entry, place: Path) -> bool:
    """Whether a copy is of an object as it lies there now: one that was damaged is put there anew.

    By whole seconds, which is what all stores and disks keep.
    """
    if not place.is_file():
        return False
    facts = place.stat()
    return facts.st_size == entry.size and facts.st_mtime >= int(entry.modified_at.timestamp())


def _linked(source: Path, place: Path) -> bool:
    try:
        os.link(source, place, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return True


def _make_durable(folder: Path, files: Iterable[Path]) -> None:
    for path in files:
        durable.sync_file(path)
    for parent, _, _ in os.walk(folder):
        durable.sync_folder(parent)


def _remove_older(folder: Path, stamp: str, keys: set[str]) -> None:
    """Remove what only an earlier backup in this folder spoke of."""
    for path in folder.iterdir():
        if path.name.startswith("tables-") and path.name != f"tables-{stamp}":
            shutil.rmtree(path)
        elif path.name.startswith("objects-") and path.name != f"objects-{stamp}.jsonl":
            path.unlink()
    root = folder / "objects"
    for path in root.rglob("*"):
        if path.is_file() and path.relative_to(root).as_posix() not in keys:
            path.unlink()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict(f"Another backup into {folder} is running.") from None
        yield


def _require_ours(folder: Path) -> None:
    """The folder holds a backup, or what an interrupted one left, or nothing."""
    ours = {LOCK, HEAD, "objects"}
    for name in (each.name for each in folder.iterdir()):
        if name not in ours and not name.startswith(("tables-", "objects-", "tmp")):
            raise Conflict(f"{folder} holds other things than a backup; choose an empty folder.")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    for piece in pieces(path):
        digest.update(piece)
    return digest.hexdigest()
