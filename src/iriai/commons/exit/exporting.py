"""Take a commons out: its rows, its log with proofs, its repositories and their large files.

The log is signed first; then everything there is to say is read in one transaction and compared
with that log, again where it has moved on meanwhile; packs and large files follow. Large files and
packs that lie in the folder already are not fetched again, so an interrupted export goes on where
it was. `export.json` is written last: without it, it is no export.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Row, select

from iriai.base import events, ledger, ledger_entries
from iriai.base.errors import Conflict, Unavailable
from iriai.base.tx import Ground, Tx
from iriai.blobs import content
from iriai.blobs import queries as blobs
from iriai.blobs.rules import blob_key
from iriai.commons import queries as commons_queries
from iriai.commons.cases import records
from iriai.commons.cases.tables import PanelRow
from iriai.commons.exit import rows, rules
from iriai.commons.exit.rules import Carried, Export, File
from iriai.commons.tables import Commons
from iriai.commons.tlog import actions as tlog
from iriai.commons.tlog import adopting, replaying
from iriai.commons.tlog import queries as log
from iriai.commons.tlog.queries import Signed
from iriai.repos import queries as repos
from iriai.repos import withheld
from iriai.repos.git import repack
from iriai.repos.rules import Visibility
from iriai.repos.tables import RepoRow

ATTEMPTS_MAX = 5
PIECE_BYTES = 1 << 20

Told = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class _Taken:
    """What one transaction saw."""

    name: str
    account_id: int | None
    signed: Signed
    keys: list[str]
    notes: list[Signed]
    rows: dict[str, list[rows.Row]]
    repos: list[Carried]
    left_out: int
    held_out: int
    state: str


def export(ground: Ground, name: str, folder: Path, told: Told, *, private: bool = False) -> Export:
    """Write a commons into a folder.

    With `private`, private, gated, disabled and held repositories too. What is held comes with the
    holds, which an import puts in force before anything is served.
    """
    with ground.read() as tx:
        commons_id = commons_queries.commons(tx, name).id
    _require_ours(folder)
    taken = _settled(ground, commons_id, private=private)
    (folder / rules.HEAD).unlink(missing_ok=True)
    files = _write_log(ground, commons_id, taken, folder)
    for table, some in taken.rows.items():
        lines = b"".join(orjson.dumps(row) + b"\n" for row in some)
        files[f"{rules.ROWS}/{table}.jsonl"] = _written(
            folder / rules.ROWS / f"{table}.jsonl", lines
        )
    carried = []
    for done, repo in enumerate(taken.repos, 1):
        place, file = _write_pack(ground, repo, folder)
        if file is not None:
            files[place] = file
        carried.append(
            Carried(repo.id, repo.kind, repo.name, repo.refs, place if file else "-", repo.objects)
        )
        told("repositories", done, len(taken.repos))
    _write_objects(ground, carried, folder, told)
    made = Export(
        name=taken.name,
        commons_id=commons_id,
        account_id=taken.account_id or 0,
        url=ground.settings.url,
        made_at=ground.clock().isoformat(),
        origin=taken.signed.note.split("\n", 1)[0],
        size=taken.signed.size,
        root=taken.signed.root.hex(),
        note=taken.signed.note,
        state=taken.state,
        left_out=taken.left_out,
        held_out=taken.held_out,
        repos=tuple(carried),
        files=files,
    )
    _written(
        folder / rules.HEAD,
        orjson.dumps(rules.written(made), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS),
    )
    return made


def _settled(ground: Ground, commons_id: int, *, private: bool) -> _Taken:
    """Read everything at a moment at which the signed log and the rows agree."""
    adopting.finish(ground)
    for _ in range(ATTEMPTS_MAX):
        signed = tlog.checkpoint(ground, commons_id)
        with ground.read() as tx:
            moved = events.head(tx, commons_id).size != signed.size
            if moved or events.unsealed(tx, commons_id):
                continue
            taken = _take(tx, commons_id, signed, private=private)
            should = replaying.read(tx, commons_id).state
            live = replaying.live(tx, commons_id)
        if should == live:
            return taken
        wrong = next(ledger.differences(should, live))
        raise Conflict(
            f"The database is not what the log says, and is not exported: {wrong.message} "
            "`iriai commons log replay` lists all of it."
        )
    raise Unavailable("This commons is too busy to be exported at the moment; try again.")


def _take(tx: Tx, commons_id: int, signed: Signed, *, private: bool) -> _Taken:
    named = commons_queries.named(tx, commons_id)
    account_id = tx.connection.execute(
        select(Commons.account_id).where(Commons.id == commons_id)
    ).scalar_one()
    mine = tx.connection.execute(
        select(RepoRow.__table__).where(RepoRow.owner_id == account_id)
    ).all()
    open_ = [row for row in mine if row.visibility == Visibility.PUBLIC or private]
    carried = [
        row
        for row in open_
        if row.deleted_at is None
        and (private or not (row.gated or row.disabled_reason or _is_held(tx, row)))
    ]
    stay = [row for row in mine if row.deleted_at is None and row not in carried]
    replaying.know_tables()
    found = rows.governed(tx, commons_id, private=private)
    if not private:
        _leave_out_benches(tx, commons_id, found)
    shown = [row.id for row in open_ if row in carried or row.deleted_at is not None]
    found |= rows.public(tx, commons_id, account_id, shown)
    found["accounts"] = rows.people(tx, found, account_id)
    return _Taken(
        name=named.name,
        account_id=account_id,
        signed=signed,
        keys=[each.key.text for each in log.keys(tx, commons_id)],
        notes=log.checkpoints(tx, commons_id),
        rows=found,
        repos=[_carried(tx, row.id) for row in carried],
        left_out=len(stay),
        held_out=sum(_is_held(tx, row) for row in stay),
        state=ledger.state_digest(ledger_entries.shown(replaying.live(tx, commons_id))),
    )


def _leave_out_benches(tx: Tx, commons_id: int, found: dict[str, list[rows.Row]]) -> None:
    """What says who was asked to sit, or could be, stays where everybody may not know it.

    A row with less in it would not be what the log says, and one with its salt can be guessed.
    """
    unnamed, listed = set(), set()
    for panel in tx.session.scalars(select(PanelRow).where(PanelRow.commons_id == commons_id)):
        if not records.is_for_everybody(tx, panel):
            unnamed.add(panel.id)
        if panel.eligible is not None:
            listed.add(panel.id)
    found["panels"] = [row for row in found["panels"] if row["id"] not in listed]
    stay = unnamed | listed
    found["panel_seats"] = [row for row in found["panel_seats"] if row["panel_id"] not in stay]


def _is_held(tx: Tx, row: Row[Any]) -> bool:
    """Whether something of a repository is held: its pack would serve it to whoever has one.

    A pack has the whole history, or it is none: so such a repository comes with everything and the
    holds, where whoever takes it may have it all, or not.
    """
    return bool(row.held_reason) or bool(withheld.held(tx, repos.by_id(tx, row.id)))


def _carried(tx: Tx, repo_id: int) -> Carried:
    repo = repos.by_id(tx, repo_id)
    refs = tuple(sorted((each.name, each.sha, each.commit) for each in repos.refs(tx, repo)))
    held = sorted(blobs.held_since(tx, repo_id))
    sizes = blobs.objects(tx, repo_id, held)
    return Carried(
        repo_id,
        str(repo.kind),
        repo.full_name,
        refs,
        "",
        tuple((sha256, sizes[sha256].size) for sha256 in held if sha256 in sizes),
    )


def _write_log(ground: Ground, commons_id: int, taken: _Taken, folder: Path) -> dict[str, File]:
    place = folder / rules.LOG
    files = {}
    with ground.read() as tx:
        lines = (text + b"\n" for _, text in log.entries(tx, commons_id, 0, taken.signed.size))
        files[f"{rules.LOG}/log.jsonl"] = _written(place / "log.jsonl", lines)
    files[f"{rules.LOG}/keys"] = _written(
        place / "keys", "".join(f"{key}\n" for key in taken.keys).encode()
    )
    for each in taken.notes:
        at = f"checkpoints/checkpoint-{each.size}"
        files[f"{rules.LOG}/{at}"] = _written(place / at, each.note.encode())
    return files


def _write_pack(ground: Ground, repo: Carried, folder: Path) -> tuple[str, File | None]:
    """All that the refs lead to, as one pack; none for a repository without refs."""
    tips = sorted({sha for _, sha, _ in repo.refs})
    mark = hashlib.sha256("\n".join(tips).encode()).hexdigest()[:16]
    place = f"{rules.REPOS}/{repo.id}-{mark}.pack"
    if not tips:
        return place, None
    there = folder / place
    if not there.is_file():
        there.parent.mkdir(parents=True, exist_ok=True)
        with (
            repos.objects(ground, repo.id).view() as git_dir,
            repack.reachable(git_dir, tips, ground.store.staging()) as packed,
        ):
            assert isinstance(packed.pack, Path)  # noqa: S101 - git wrote it into a file
            _written(there, _pieces(packed.pack))
    return place, _known(there)


def _write_objects(ground: Ground, carried: list[Carried], folder: Path, told: Told) -> None:
    wanted = {sha256: (repo.id, size) for repo in carried for sha256, size in repo.objects}
    for done, (sha256, (repo_id, size)) in enumerate(sorted(wanted.items()), 1):
        place = folder / rules.object_place(sha256)
        if not (place.is_file() and place.stat().st_size == size):
            place.parent.mkdir(parents=True, exist_ok=True)
            _write_object(ground, repo_id, sha256, place)
        told("large files", done, len(wanted))


def _write_object(ground: Ground, repo_id: int, sha256: str, place: Path) -> None:
    with ground.read() as tx:
        stored = blobs.object(tx, repo_id, sha256)
        terms = None
        if stored is not None and not stored.has_blob and stored.xet_hash is not None:
            terms = blobs.file_in(tx, repo_id, stored.xet_hash).terms
    if stored is None or stored.damaged:
        raise Unavailable(f"The large file {sha256} cannot be read; see `iriai check`.")
    if stored.has_blob:
        source = ground.store.local_path(blob_key(sha256))
        place.unlink(missing_ok=True)
        try:
            if source is not None:
                os.link(source, place)
                return
        except OSError:
            pass  # another disk: copy it
        _written(place, ground.store.stream(blob_key(sha256)))
    elif terms is not None:
        pieces = content.stream(ground, terms, 0, stored.size - 1) if stored.size else iter(())
        _written(place, (bytes(each) for each in pieces))


def _written(place: Path, pieces: bytes | Iterable[bytes]) -> File:
    """Write a file, whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=place.parent, prefix="tmp-", delete=False) as file:
        try:
            for piece in (pieces,) if isinstance(pieces, bytes) else pieces:
                digest.update(piece)
                size += file.write(piece)
            file.flush()
            Path(file.name).replace(place)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    place.chmod(0o600)
    return File(size, digest.hexdigest())


def _known(place: Path) -> File:
    digest = hashlib.sha256()
    for piece in _pieces(place):
        digest.update(piece)
    return File(place.stat().st_size, digest.hexdigest())


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _require_ours(folder: Path) -> None:
    """The folder holds an export, or what an interrupted one left, or nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    ours = {rules.HEAD, rules.LOG, rules.ROWS, rules.REPOS, rules.OBJECTS}
    if {each.name for each in folder.iterdir()} - ours:
        raise Conflict(f"{folder} holds other things than an export; choose an empty folder.")
