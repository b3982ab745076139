"""Judge an export by itself: files by their hashes, the log by its checkpoints, rows by the log."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from iriai.base import ledger, ledger_entries
from iriai.base.errors import Invalid
from iriai.base.ledger_entries import State
from iriai.commons.exit import rules
from iriai.commons.exit.rules import Export
from iriai.commons.tlog import replaying, verifying
from iriai.commons.tlog.rules import read_checkpoint, read_key, read_note

PIECE_BYTES = 1 << 20


def opened(folder: Path) -> Export:
    """The export in a folder, every small file of it found to be as it was written."""
    try:
        head = orjson.loads((folder / rules.HEAD).read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise Invalid(f"{folder} holds no whole export: {rules.HEAD} is missing.") from error
    export = rules.read(head)
    for path, file in export.files.items():
        place = folder / path
        whole = place.is_file() and place.stat().st_size == file.size
        if not whole or sha256_of(place) != file.sha256:
            raise Invalid(f"The export is damaged: {path} is missing or was changed.")
    for sha256, size in export.objects.items():
        place = folder / rules.object_place(sha256)
        if not place.is_file() or place.stat().st_size != size:
            raise Invalid(f"The export is damaged: the large file {sha256} is missing.")
    return export


def require_sound(folder: Path, export: Export) -> None:
    """The log in an export is what was signed, and its rows are what the log says."""
    place = folder / rules.LOG
    keys = [read_key(line) for line in (place / "keys").read_text().split()]
    notes = [each.read_text() for each in (place / "checkpoints").iterdir()]
    said = []
    for note in [*notes, export.note]:
        read = verifying.said(note, keys)
        if isinstance(read, verifying.Finding):
            raise Invalid(f"The export is not sound: {read.message}")
        said.append(read)
    for found in verifying.verify(lambda: enumerate(lines(folder)), said):
        if isinstance(found, verifying.Finding):
            raise Invalid(f"The export is not sound: {found.message}")
    last = read_checkpoint(read_note(export.note).text)
    if (last.size, last.root.hex()) != (export.size, export.root):
        raise Invalid("The export is not sound: its head speaks of another checkpoint.")
    told = replaying.logged(lines(folder))
    older = ledger.state_digest(told)  # such an export counts the rows that its log names hidden
    if export.state not in (ledger.state_digest(ledger_entries.shown(told)), older):
        raise Invalid("The export is not sound: its rows are not what its log says.")
    _require_rows(folder, export, told)


def _require_rows(folder: Path, export: Export, told: State) -> None:
    """Every governed row is what the log says, and none is missing that does not stay behind.

    Of rows governed in part the log has digests that only the hub they come from can make.
    """
    replaying.know_tables()
    for table in ledger.tables():
        should = {name for name in told if name.partition("/")[0] == table.name}
        for row in _rows(folder, export, table.name):
            key = tuple(row.get(column.name) for column in table.primary_key.columns)
            name = ledger.name(table, key)
            if told.get(name) != ledger.digest_of(table, row):
                raise Invalid(f"The export is not sound: {name} is not what its log says.")
            should.discard(name)
        if should and table.name not in rules.STAYS:
            raise Invalid(f"The export is not sound: {min(should)} is missing, which its log has.")


def _rows(folder: Path, export: Export, table: str) -> Iterator[dict[str, Any]]:
    path = f"{rules.ROWS}/{table}.jsonl"
    if path not in export.files:
        return
    for line in (folder / path).read_bytes().splitlines():
        row = orjson.loads(line)
        if not isinstance(row, dict):
            raise Invalid(f"The export is damaged: {path} has a line that is no row.")
        yield row


def lines(folder: Path) -> Iterator[bytes]:
    """The entries of an export's log."""
    with (folder / rules.LOG / "log.jsonl").open("rb") as file:
        for line in file:
            yield line.removesuffix(b"\n")


def pieces(path: Path) -> Iterator[bytes]:
    """A file's bytes."""
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file."""
    digest = hashlib.sha256()
    for piece in pieces(path):
        digest.update(piece)
    return digest.hexdigest()
