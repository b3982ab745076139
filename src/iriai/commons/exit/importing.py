"""Bring an exported commons to life on this hub.

First the export is judged by itself (`judging`); then packs and large files go into the store
(`carrying`); last, one transaction brings all rows and the log, entry by entry as it was. A row
that cannot be what the log says (its number was taken, what it spoke of stayed behind) is named in
the entry `imported`, which also says where the commons came from. From there on this hub signs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import insert, select, update

from iriai.base import ledger, ledger_entries, ledger_parts, merkle, portable
from iriai.base.cursors import LogCursor
from iriai.base.db import Table
from iriai.base.errors import Conflict, Invalid
from iriai.base.events import HUB, Event, LogHead, LogNode
from iriai.base.names import fold
from iriai.base.tx import Ground, Tx
from iriai.commons import queries as commons_queries
from iriai.commons.exit import carrying, judging, rows, rules
from iriai.commons.exit.carrying import Plan, Told
from iriai.commons.exit.rules import Export
from iriai.commons.tlog import actions as tlog
from iriai.commons.tlog import queries as log
from iriai.commons.tlog import replaying
from iriai.commons.tlog.replayed import BROUGHT
from iriai.commons.tlog.rules import read_checkpoint, read_note
from iriai.commons.tlog.tables import Checkpoint
from iriai.identity.rules import OPERATOR, Actor
from iriai.identity.tables import Account, AccountName
from iriai.repos import queries as repos
from iriai.repos import records

ROWS_AT_ONCE = 1_000
READERS = ("notifications", "webhooks")
"""Who would tell people again what was told them where the commons comes from."""


@dataclass(slots=True)
class Brought:
    """What an import did. `differing` rows could not be what the log says."""

    name: str
    commons_id: int
    repos: int
    objects: int
    bytes: int
    differing: list[str] = field(default_factory=list)


def bring(ground: Ground, folder: Path, told: Told, *, joined: bool = False) -> Brought:
    """Import a commons. With `joined`, accounts of a name that is here are the same people."""
    export = judging.opened(folder)
    if export.commons_id == HUB:
        raise Invalid("The hub's own commons moves with its hub: use `backup` and `restore`.")
    judging.require_sound(folder, export)
    carried = read_rows(folder, export)
    with ground.read() as tx:
        _require_room(tx, export.name, carried["accounts"], joined=joined)
    where = carrying.plan(ground, export, "import")
    carrying.bring(ground, folder, export, where, told)
    brought = Brought(export.name, 0, len(export.repos), len(export.objects), export.bytes)
    with ground.write() as tx:
        numbers = _number(tx, carried, where)
        _put(tx, export, carried, numbers)
        carrying.put_refs(tx, export, where)
        brought.commons_id = numbers["commons"][export.commons_id]
        _put_log(tx, folder, export, brought.commons_id)
        brought.differing = _record(tx, export, brought.commons_id, where)
    tlog.checkpoint(ground, brought.commons_id)
    return brought


def _require_room(tx: Tx, name: str, accounts: list[rows.Row], *, joined: bool) -> None:
    taken = [row["name"] for row in accounts if account(tx, row["name"]) is not None]
    if name in taken:
        raise Conflict(f"There is an account called {name} on this hub already.")
    taken = [each for each in taken if each != commons_queries.HUB_NAME]
    if taken and not joined:
        names = ", ".join(sorted(taken))
        raise Conflict(
            f"Accounts of these names are on this hub already: {names}. If they are the same "
            "people, say so with --same-people; they then have here the votes they have there."
        )


def account(tx: Tx, name: str) -> int | None:
    """The account that has, or had, a name here."""
    return tx.connection.execute(
        select(AccountName.account_id).where(AccountName.name_key == fold(name))
    ).scalar_one_or_none()


def read_rows(folder: Path, export: Export) -> dict[str, list[rows.Row]]:
    """The rows of an export, by table. What was counted there is counted anew here."""
    found = {}
    for path in export.files:
        if path.startswith(f"{rules.ROWS}/"):
            table = path.removeprefix(f"{rules.ROWS}/").removesuffix(".jsonl")
            lines = (folder / path).read_bytes().splitlines()
            found[table] = [orjson.loads(line) for line in lines]
    replaying.know_tables()
    unknown = set(found) - set(Table.metadata.tables)
    if unknown:
        raise Invalid(f"This export has a table that we do not know, {min(unknown)}; upgrade.")
    for row in found["repos"]:
        row |= {"git_bytes": 0, "downloads": 0, "likes": 0}
    return found


def _number(tx: Tx, carried: dict[str, list[rows.Row]], where: Plan) -> rows.Numbers:
    """The number here of every row that has one."""
    known = {row["id"]: account(tx, row["name"]) for row in carried["accounts"]}
    numbers: rows.Numbers = {
        "repos": dict(where.places),
        "accounts": {key: value for key, value in known.items() if value is not None},
    }
    for name, some in carried.items():
        if name != "repos":
            rows.number(tx, name, some, numbers)
    for row in carried["repos"]:
        if row["id"] not in where.places:  # a tombstone
            numbers["repos"][row["id"]] = carrying.take_number(tx, row["id"])
    return numbers


def _put(tx: Tx, export: Export, carried: dict[str, list[rows.Row]], numbers: rows.Numbers) -> None:
    stranger = account(tx, commons_queries.HUB_NAME) or 0
    for row in carried["accounts"]:
        if account(tx, row["name"]) is None:
            rows.put_account(tx, row | {"commons_id": None}, numbers, stranger)
    for row in carried.get("held_files", []):  # it says where to read of it, which is here now
        row["reason"] = row["reason"].replace(*_homes(tx, export))
    for name in rows.in_order(set(carried) - {"accounts"}):
        rows.put(tx, name, carried[name], numbers, stranger)
    tx.connection.execute(
        update(Account)
        .where(Account.id == numbers["accounts"][export.account_id])
        .values(commons_id=numbers["commons"][export.commons_id])
    )
    set_counters(tx, carried)


def _homes(tx: Tx, export: Export) -> tuple[str, str]:
    """Where the pages of the commons were, and where they are."""
    page = f"/commons/{export.name}/"
    return export.url + page, tx.ground.settings.url + page


def set_counters(tx: Tx, names: Iterable[str]) -> None:
    """Let the next numbers of these tables come after what was brought."""
    if tx.connection.dialect.name != "sqlite":
        for name in (*names, "repo_ids"):
            portable.set_counter(tx.connection, Table.metadata.tables[name], None)


def _put_log(tx: Tx, folder: Path, export: Export, commons_id: int) -> None:
    """Enter every entry as it was, the tree over them, and the checkpoints that were signed."""
    made: dict[tuple[int, int], bytes] = {}

    def entries() -> Iterator[dict[str, Any]]:
        for position, text in enumerate(judging.lines(folder)):
            leaf = merkle.leaf_hash(text)
            for level, index, value in merkle.appended(position, leaf, lambda a, b: made[a, b]):
                made[level, index] = value
            entry = orjson.loads(text)
            yield {name: entry[name] for name in ("actor", "verb", "subject")} | {
                "commons_id": commons_id,
                "position": position,
                "at": datetime.fromisoformat(entry["at"]),
                "entry": text.decode(),
                "salt": None,
                "private": None,
            }

    def nodes() -> Iterator[dict[str, Any]]:
        for (level, index), value in made.items():
            yield {"commons_id": commons_id, "level": level, "index": index, "hash": value}

    _insert(tx, Event, entries())
    _insert(tx, LogNode, nodes())
    root = merkle.root(export.size, lambda a, b: made[a, b])
    head = {"commons_id": commons_id, "size": export.size, "root": root, "sealed_at": tx.now}
    tx.connection.execute(insert(LogHead), head)
    for reader in READERS:
        place = {"reader": reader, "commons_id": commons_id, "position": export.size}
        tx.connection.execute(insert(LogCursor), place)
    for note in sorted((folder / rules.LOG / "checkpoints").iterdir()):
        said = read_checkpoint(read_note(note.read_text()).text)
        row = {
            "commons_id": commons_id,
            "size": said.size,
            "root": said.root,
            "note": note.read_text(),
            "signed_at": datetime.fromisoformat(export.made_at),
        }
        tx.connection.execute(insert(Checkpoint), row)


def _insert(tx: Tx, table: type[Table], some: Iterator[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    for row in some:
        batch.append(row)
        if len(batch) == ROWS_AT_ONCE:
            tx.connection.execute(insert(table), batch)
            batch = []
    if batch:
        tx.connection.execute(insert(table), batch)


def _record(tx: Tx, export: Export, commons_id: int, where: Plan) -> list[str]:
    """Say in the log where it came from, and which rows are not what it says.

    Rows governed in part never are: their digests were made with the other hub's key.
    """
    told = replaying.logged(text for _, text in log.entries(tx, commons_id))
    should = ledger_entries.shown(told)  # what is hidden stayed there
    live = replaying.live(tx, commons_id)
    other = [f"{each.table}/{each.row}" for each in ledger.differences(should, live)]
    parts = {part.name for _, part in ledger_parts.known()}
    differing = [row for row in other if row.partition("/")[0] not in parts]
    tlog.adopt(tx, commons_id, by="operator")
    say_refs(tx, OPERATOR, export, where)
    tx.record(
        commons_id,
        "operator",
        "imported",
        f"commons/{export.name}",
        source=export.origin,
        size=export.size,
        root=export.root,
        checkpoint=export.note,
        differing=len(differing),
    )
    tx.restate(commons_id, {row: live.get(row) for row in other})
    return differing


def say_refs(tx: Tx, actor: Actor, export: Export, where: Plan) -> None:
    """Say in the log where the refs of each repository are that was brought."""
    for repo in export.repos:
        made = repos.by_id(tx, where.places[repo.id])
        records.record(tx, actor, BROUGHT, made, **records.where_refs_are(tx, made.id))
