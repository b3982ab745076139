"""Bring packs and large files into the store, each checked again, before any row names them.

Which number each repository gets here is settled once and kept among the instance's facts, so an
import that was interrupted goes on where it was.
"""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import orjson
from sqlalchemy import insert, select

from iriai.base import instance
from iriai.base.errors import Invalid
from iriai.base.tx import Ground, Tx
from iriai.blobs import queries as blobs
from iriai.blobs import receiving
from iriai.commons.exit import rules
from iriai.commons.exit.judging import pieces
from iriai.commons.exit.rules import Carried, Export
from iriai.repos import landing
from iriai.repos.git import shelf
from iriai.repos.git.packs import Packed
from iriai.repos.git.quarantine import quarantine
from iriai.repos.tables import RefRow, RepoId

PACK_BYTES_MAX = 64 << 30
PLAN = "import/{digest}"
COUNT_AT = (8 + 255 * 4, 8 + 256 * 4)
"""Where the index of a pack says how many objects it has."""

Told = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """The number of each repository here, and the name of its pack, by its number there."""

    mark: str
    places: dict[int, int]
    packs: dict[int, str]


def plan(ground: Ground, export: Export, purpose: str) -> Plan:
    """Settle where each repository comes to lie."""
    said = f"{purpose} {export.origin} {export.size} {export.root}"
    mark = PLAN.format(digest=hashlib.sha256(said.encode()).hexdigest())
    with ground.write() as tx:
        kept = instance.fact(tx, mark)
        if kept is not None:
            found = orjson.loads(kept)
            return Plan(mark, _numbers(found["places"]), _numbers(found["packs"]))
        places = {repo.id: take_number(tx, repo.id) for repo in export.repos}
        made = Plan(mark, places, {repo.id: token_hex(20) for repo in export.repos})
        said_so = {"places": made.places, "packs": made.packs}
        instance.settle(tx, mark, orjson.dumps(said_so, option=orjson.OPT_NON_STR_KEYS).decode())
    return made


def _numbers(given: dict[str, Any]) -> dict[int, Any]:
    return {int(key): value for key, value in given.items()}


def take_number(tx: Tx, wanted: int) -> int:
    """A number for a repository: the wanted one where it is free."""
    taken = tx.connection.execute(select(RepoId.id).where(RepoId.id == wanted)).first()
    row = {"taken_at": tx.now} | ({} if taken else {"id": wanted})
    made = tx.connection.execute(insert(RepoId), row).inserted_primary_key or (wanted,)
    return int(made[0])


def bring(ground: Ground, folder: Path, export: Export, where: Plan, told: Told) -> None:
    """Put every pack and large file into the store that is not there yet."""
    done, total = 0, len(export.objects)
    for count, repo in enumerate(export.repos, 1):
        number = where.places[repo.id]
        _bring_pack(ground, folder, repo, number, where.packs[repo.id])
        told("repositories", count, len(export.repos))
        with ground.read() as tx:
            there = set(blobs.objects(tx, number, [sha256 for sha256, _ in repo.objects]))
        for sha256, size in repo.objects:
            done += 1
            if sha256 not in there:
                _bring_object(ground, folder, number, sha256, size)
            told("large files", done, total)


def put_refs(tx: Tx, export: Export, where: Plan) -> None:
    """Make the packs live and set the refs."""
    for repo in export.repos:
        number, name = where.places[repo.id], where.packs[repo.id]
        if not repo.refs:
            continue
        size = tx.store.size(shelf.key(number, name, ".pack"))
        counted = tx.store.read(shelf.key(number, name, ".idx"), *COUNT_AT)
        packed = Packed(name, b"", b"", size, int.from_bytes(counted, "big"))
        landing.add_pack(tx, number, packed, is_change=False)
        refs = [
            {
                "repo_id": number,
                "name": ref,
                "sha": sha,
                "commit_sha": commit,
                "opened_by": None,
                "updated_at": tx.now,
            }
            for ref, sha, commit in repo.refs
        ]
        tx.connection.execute(insert(RefRow), refs)
        tx.enqueue("cards.refresh", {"repo_id": number}, key=f"card:{number}")
    instance.forget(tx, where.mark)


def _bring_pack(ground: Ground, folder: Path, repo: Carried, number: int, name: str) -> None:
    if not repo.refs or ground.store.exists(shelf.key(number, name, ".idx")):
        return
    staging = ground.store.staging()
    with (
        tempfile.TemporaryDirectory(dir=staging, prefix="import-") as empty,
        quarantine(staging, Path(empty), []) as judged,
    ):
        judged.take(folder / repo.pack, bytes_max=PACK_BYTES_MAX)
        judged.require_connected([sha for _, sha, _ in repo.refs])
        packed = judged.pack(name)
        if packed is None:
            raise Invalid(f"The export is damaged: the pack of {repo.name} is empty.")
        landing.store_pack(ground, number, packed)


def _bring_object(ground: Ground, folder: Path, number: int, sha256: str, size: int) -> None:
    staged = ground.store.staging() / f"import-{token_hex(16)}"
    digest = hashlib.sha256()
    with staged.open("xb") as file:
        for piece in pieces(folder / rules.object_place(sha256)):
            digest.update(piece)
            file.write(piece)
    if digest.hexdigest() != sha256:
        staged.unlink()
        raise Invalid(f"The export is damaged: the large file {sha256} was changed.")
    receiving.receive_object(ground, number, sha256, size, staged)
