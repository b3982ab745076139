"""An export asked for from a page: a job makes it, and it is there for a week.

Whoever belongs may ask, also while they rest or are suspended. It holds what everybody may read
and nothing private, so one is made for all: who asks again within the hour gets the same one.
"""

import secrets
import tarfile
import tempfile
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

from sqlalchemy import delete, select

from iriai.base import stay
from iriai.base.errors import Denied, HubError, Unknown
from iriai.base.tx import Ground, Tx
from iriai.blobs import passes
from iriai.commons import queries as commons_queries
from iriai.commons.exit import exporting
from iriai.commons.exit.tables import ExportRow
from iriai.commons.membership import queries as membership
from iriai.commons.membership.reach import require_reading
from iriai.commons.membership.rules import State
from iriai.identity.rules import Actor, require_signed_in

JOB = "commons.export"
USE = "export"
KEPT = timedelta(days=7)
FRESH = timedelta(hours=1)
SHOWN_MAX = 10
FAILURE_LENGTH_MAX = 1_000


def may_ask(tx: Tx, commons_id: int, account_id: int | None) -> bool:
    """Whether somebody belongs, be it at rest or suspended."""
    if account_id is None:
        return False
    standing = membership.standing(tx, commons_id, account_id)
    return standing.is_member or standing.state in (State.EMERITUS, State.SUSPENDED)


def require_token(tx: Tx, actor: Actor, commons_id: int) -> None:
    """A token that fetches exports must be one that reads what is the commons'."""
    require_reading(tx, actor, commons_id)


def ask(tx: Tx, actor: Actor, commons_id: int) -> ExportRow:
    """Have an export made, or point to the one that is being made or was just made."""
    mine = require_signed_in(actor)
    require_token(tx, actor, commons_id)
    if not may_ask(tx, commons_id, mine):
        raise Denied(
            "Exports are made for members. Everything in one is public too: repositories can be "
            "cloned, and the log read, by anybody.",
            code="Forbidden",
        )
    for each in exports(tx, commons_id):
        if each.failure is None and (each.ready_at is None or tx.now - each.ready_at < FRESH):
            return each
    made = ExportRow(commons_id=commons_id, asker_id=mine, asked_at=tx.now)
    tx.session.add(made)
    tx.flush()
    tx.enqueue(JOB, {"id": made.id}, key=f"{JOB}:{made.id}")
    return made


def exports(tx: Tx, commons_id: int) -> list[ExportRow]:
    """The exports that are there or being made, newest first."""
    kept = (ExportRow.expires_at.is_(None)) | (ExportRow.expires_at > tx.now)
    asked = select(ExportRow).where(ExportRow.commons_id == commons_id, kept)
    return list(tx.session.scalars(asked.order_by(ExportRow.id.desc()).limit(SHOWN_MAX)))


def address(ground: Ground, commons: str, row: ExportRow) -> str:
    """Where an export is fetched until it expires, by whoever has this address; "" before."""
    if row.key is None or row.expires_at is None:
        return ""
    until = int(row.expires_at.timestamp())
    query = passes.signed(ground.secret, USE, row.commons_id, row.id, expires_at=until)
    return f"/api/commons/{quote(commons)}/exports/{row.id}?{urlencode(query)}"


def opened(
    tx: Tx, commons_id: int, export_id: int, *, expires_at: str, signature: str
) -> ExportRow:
    """The export that a signed link leads to."""
    passes.require_signed(
        tx.ground.secret,
        USE,
        commons_id,
        export_id,
        expires_at=expires_at,
        signature=signature,
        now=int(tx.now.timestamp()),
    )
    row = tx.session.get(ExportRow, export_id)
    if row is None or row.commons_id != commons_id or row.key is None:
        raise Unknown("This export is gone; ask for a new one.", code="ExportNotFound")
    return row


def make(ground: Ground, export_id: int) -> None:
    """Make an export that was asked for, put it into the store, and say that it is there."""
    with ground.read() as tx:
        row = tx.session.get(ExportRow, export_id)
        if row is None or row.ready_at is not None:
            return
        name = commons_queries.named(tx, row.commons_id).name
    key = f"exports/{secrets.token_hex(16)}.tar"
    try:
        size = _packed(ground, name, key)
    except HubError as error:
        _settle(ground, export_id, failure=error.message[:FAILURE_LENGTH_MAX])
    else:
        _settle(ground, export_id, key=key, size=size)


def _packed(ground: Ground, name: str, key: str) -> int:
    with tempfile.TemporaryDirectory(dir=ground.store.staging(), prefix="export-") as made:
        folder, place = Path(made) / "export", Path(made) / "export.tar"
        exporting.export(ground, name, folder, lambda *_: None)
        with tarfile.open(place, "w") as tar:
            tar.add(folder, ".")
        size = place.stat().st_size
        ground.store.put(key, place)
        return size


def _settle(
    ground: Ground, export_id: int, *, key: str | None = None, size: int = 0, failure: str = ""
) -> None:
    with ground.write() as tx:
        row = tx.session.get(ExportRow, export_id)
        if row is not None:
            row.ready_at, row.expires_at = tx.now, tx.now + KEPT
            row.key, row.size, row.failure = key, size, failure or None


def sweep(ground: Ground) -> int:
    """Remove the exports whose week is over. Returns how many."""
    with ground.write() as tx:
        stay.require_none(tx)
        old = tx.session.scalars(select(ExportRow).where(ExportRow.expires_at <= tx.now)).all()
        gone = [(each.id, each.key) for each in old]
    for _, key in gone:
        if key is not None:
            ground.store.delete(key)
    with ground.write() as tx:
        numbers = [number for number, _ in gone]
        tx.connection.execute(delete(ExportRow).where(ExportRow.id.in_(numbers)))
    return len(gone)
