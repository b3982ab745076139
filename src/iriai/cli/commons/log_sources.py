"""Where `iriai commons log` reads a log from: this hub's database, a hub's address, or a folder."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from iriai.base.errors import Invalid, Unavailable, Unknown

if TYPE_CHECKING:
    from iriai.base.tx import Ground
    from iriai.commons.tlog.rules import PublicKey

ANSWER_SECONDS = 60
ANSWER_BYTES_MAX = 64 << 20
LISTED_MAX = 1_000
LOG_FILE = "log.jsonl"
KEYS_FILE = "keys"
NOT_FOUND = 404

Entries = Iterable[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Source:
    """One log: the keys and notes that came with it, and ways to read it from the start.

    Nothing of a new commons is signed yet; what somebody kept of one is worth what signs it.
    """

    name: str
    keys: Sequence["PublicKey"]
    notes: Sequence[str]
    entries: Callable[[], Entries]
    leaves: Callable[[], Entries] | None = None
    more: Callable[[], Iterable[tuple[int | None, str]]] = field(default=tuple)
    must_be_signed: bool = False


def database(ground: "Ground", name: str | None) -> Iterator[Source]:
    """The log of one commons of this hub, or of each."""
    from iriai.base import events_check
    from iriai.commons import queries
    from iriai.commons.tlog import queries as tlog

    with ground.read() as tx:
        found = [queries.commons(tx, name)] if name else list(queries.all_commons(tx))
        known = [(each, tlog.keys(tx, each.id), tlog.checkpoints(tx, each.id)) for each in found]

    def entries(commons_id: int) -> Entries:
        with ground.read() as tx:
            yield from tlog.entries(tx, commons_id)

    def leaves(commons_id: int) -> Entries:
        with ground.read() as tx:
            yield from tlog.leaves(tx, commons_id)

    def more(commons_id: int) -> Iterator[tuple[int | None, str]]:
        for finding in events_check.check(ground, commons_id):
            yield finding.position, finding.message

    for each, keys, notes in known:
        yield Source(
            each.name,
            [key.key for key in keys],
            [note.note for note in notes],
            lambda at=each.id: entries(at),  # type: ignore[misc]
            lambda at=each.id: leaves(at),  # type: ignore[misc]
            lambda at=each.id: more(at),  # type: ignore[misc]
        )


def address(url: str, name: str) -> Source:
    """The log of a commons on another hub, followed by its tiles."""
    from iriai.commons.tlog.rules import (
        HASH_BYTES,
        read_checkpoint,
        read_key,
        read_note,
        tile_path,
        tiles,
        unbundled,
    )

    below = _log_url(url, name)
    note = text(fetch(f"{below}/checkpoint"))
    listed = [_said(each, "note") for each in _rows(f"{below}/checkpoints?limit={LISTED_MAX}")]
    size = read_checkpoint(read_note(note).text).size

    def entries() -> Entries:
        for tile in tiles(size):
            found = unbundled(fetch(f"{below}/tile/entries/{tile_path(tile)}"))
            yield from zip(range(tile.start, tile.start + tile.width), found, strict=False)

    def leaves() -> Entries:
        for tile in tiles(size):
            raw = fetch(f"{below}/tile/0/{tile_path(tile)}")
            for at in range(tile.width):
                yield tile.start + at, raw[at * HASH_BYTES : (at + 1) * HASH_BYTES]

    return Source(
        name,
        [read_key(_said(each, "key")) for each in _rows(f"{below}/keys")],
        [note, *listed],
        entries,
        leaves,
    )


def state(url: str, name: str) -> dict[str, str]:
    """What another hub says its governed rows are, each with its digest."""
    found = _parsed(f"{_log_url(url, name)}/state")
    rows = found.get("rows") if isinstance(found, dict) else None
    if not isinstance(rows, dict) or not all(isinstance(each, str) for each in rows.values()):
        raise _nonsense(f"{_log_url(url, name)}/state")
    return rows


def folder(place: Path) -> Source:
    """A log that was downloaded: `log.jsonl`, `keys`, and every file that begins `checkpoint`."""
    from iriai.commons.tlog.rules import read_key

    if not (place / LOG_FILE).is_file():
        raise Invalid(f"{place} holds no log: there is no {LOG_FILE} in it.")
    keys = place / KEYS_FILE
    lines = text(keys.read_bytes()).split() if keys.is_file() else []
    known = sorted(each for each in place.rglob("checkpoint*") if each.is_file())
    notes = [text(each.read_bytes()) for each in known]

    def entries() -> Entries:
        with (place / LOG_FILE).open("rb") as file:
            for position, line in enumerate(file):
                yield position, line.removesuffix(b"\n")

    given = [read_key(line) for line in lines]
    return Source(place.name, given, notes, entries, must_be_signed=True)


def download(source: Source, place: Path) -> int:
    """Keep a log in a folder. Returns how many entries it has."""
    from iriai.commons.tlog.rules import read_checkpoint, read_note

    place.mkdir(parents=True, exist_ok=True)
    count = 0
    with (place / LOG_FILE).open("wb") as file:
        for count, (_, entry) in enumerate(source.entries(), 1):  # noqa: B007 - told below
            file.write(entry + b"\n")
    (place / KEYS_FILE).write_text("".join(f"{key.text}\n" for key in source.keys))
    folder = place / "checkpoints"
    folder.mkdir(exist_ok=True)
    for note in dict.fromkeys(source.notes):
        size = read_checkpoint(read_note(note).text).size
        (folder / f"checkpoint-{size}").write_text(note)
    return count


def fetch(url: str) -> bytes:
    """What is at an address."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise Invalid(f"{url} is not the address of a hub.")
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
            body: bytes = answer.read(ANSWER_BYTES_MAX)
    except urllib.error.HTTPError as error:
        if error.code == NOT_FOUND:
            raise Unknown(f"There is nothing at {url}.") from None
        raise Unavailable(f"{url} answers {error.code}.") from None
    except (OSError, HTTPException) as error:
        raise Unavailable(f"{url} cannot be reached: {error}.") from None
    except ValueError:
        raise Invalid(f"{url!a} is not an address.") from None
    return body


def text(raw: bytes) -> str:
    """What is read as text, whatever it is: what is none is judged by whoever reads it."""
    return raw.decode("utf-8", "replace")


def _parsed(url: str) -> Any:
    try:
        return json.loads(fetch(url))
    except (ValueError, RecursionError):
        raise _nonsense(url) from None


def _rows(url: str) -> list[Any]:
    found = _parsed(url)
    if not isinstance(found, list):
        raise _nonsense(url)
    return found


def _said(row: Any, field: str) -> str:
    found = row.get(field) if isinstance(row, dict) else None
    return found if isinstance(found, str) else ""


def _nonsense(url: str) -> Invalid:
    return Invalid(f"{url} does not answer as a hub does.")


def _log_url(url: str, name: str) -> str:
    return f"{url.rstrip('/')}/api/commons/{quote(name)}/log"
