"""What is used: storage and traffic measured here, other units reported by those who know.

Measured are, of each repository and bucket and of whom it counts for, the logical bytes, the stored
ones (chunks first sent there, objects kept whole, packs), and the bytes of files served in thirty
days. Machines are not the hub's: Slurm's own account of them is read back, or JSON.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select

from iriai.base.batches import batches
from iriai.base.errors import Excessive
from iriai.base.tx import Ground, Tx
from iriai.blobs.rules import BlobState, Origin, XorbState
from iriai.blobs.tables import RepoObject, StoredBytes, Xorb
from iriai.buckets.tables import BucketRow
from iriai.commons.pot import queries
from iriai.commons.pot.rules import BYTES_LOGICAL, BYTES_SERVED, BYTES_STORED
from iriai.commons.pot.tables import MeasureRow, UsageRow
from iriai.identity.tables import Account
from iriai.repos import egress, room
from iriai.repos.room import owners
from iriai.repos.tables import RepoRow

MEASURED = (BYTES_LOGICAL, BYTES_STORED, BYTES_SERVED)
REPORTED_MAX = 10_000
BATCH = 500
OF_REPO, OF_BUCKET = "repo/", "bucket/"


@dataclass(frozen=True, slots=True)
class Used:
    """What one of them used of a unit: a member, `repo/<number>` or `bucket/<number>`."""

    unit: str
    holder: str
    amount: int
    at: datetime
    person_id: int | None = None

    @property
    def is_person(self) -> bool:
        """Whether this is a person's sum."""
        return "/" not in self.holder


@dataclass(slots=True)
class _Thing:
    """A repository or bucket, and what it uses of each unit."""

    holder: str
    payer_id: int | None
    amounts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MEASURED, 0))


def measure(tx: Tx, commons_id: int) -> None:
    """Measure what the repositories and buckets of a commons use, and write it down."""
    things = _things(tx, commons_id)
    served = egress.served(tx)
    for number, each in things.items():
        each.amounts[BYTES_SERVED] = served.get(number, 0)
    payers = {each.payer_id for each in things.values()} - {None}
    names = _names(tx, (each for each in payers if each is not None))
    sums: dict[tuple[str, int], int] = {}
    rows: list[Used] = []
    for each in things.values():
        for unit, amount in each.amounts.items():
            rows.append(Used(unit, each.holder, amount, tx.now))
            if each.payer_id is not None and each.payer_id in names:
                key = (unit, each.payer_id)
                sums[key] = sums.get(key, 0) + amount
    rows += [
        Used(unit, names[payer], amount, tx.now, payer) for (unit, payer), amount in sums.items()
    ]
    tx.connection.execute(delete(MeasureRow).where(MeasureRow.commons_id == commons_id))
    made = [_row(commons_id, each) for each in rows if each.amount]
    if made:
        tx.connection.execute(insert(MeasureRow), made)


def report(tx: Tx, commons_id: int, amounts: Mapping[str, Mapping[str, int]]) -> None:
    """Write down what members used of units that are measured elsewhere, by unit and name."""
    if sum(map(len, amounts.values())) > REPORTED_MAX:
        raise Excessive(f"A report has at most {REPORTED_MAX:,} figures.")
    rows = []
    for unit, figures in amounts.items():
        numbers = queries.numbers(tx, figures)
        rows += [
            Used(unit, name, amount, tx.now, numbers.get(name)) for name, amount in figures.items()
        ]
    before = (UsageRow.commons_id == commons_id, UsageRow.unit.in_(list(amounts)))
    tx.connection.execute(delete(UsageRow).where(*before))
    tx.session.add_all(UsageRow(**_row(commons_id, each)) for each in rows if each.amount)
    tx.flush()


def measure_all(ground: Ground) -> int:
    """Measure every commons that has a pot; how many there are."""
    with ground.read() as tx:
        waiting = queries.with_pots(tx)
    for commons_id in waiting:
        with ground.write() as tx:
            measure(tx, commons_id)
    return len(waiting)


def used(tx: Tx, commons_id: int) -> list[Used]:
    """What is written down, the most of each unit first."""
    there = queries.usage(commons_id)
    asked = select(there).order_by(there.c.unit, there.c.amount.desc(), there.c.holder)
    return [
        Used(row.unit, row.holder, row.amount, row.at, row.person_id)
        for row in tx.connection.execute(asked)
    ]


def _things(tx: Tx, commons_id: int) -> dict[int, _Thing]:
    here = owners(commons_id)
    things: dict[int, _Thing] = {}
    mine = (RepoRow.owner_id.in_(here), RepoRow.deleted_at.is_(None))
    for row in tx.connection.execute(
        select(RepoRow.id, room.PAYER.label("payer_id"), RepoRow.git_bytes).where(*mine)
    ):
        made = things[row.id] = _Thing(f"{OF_REPO}{row.id}", row.payer_id)
        made.amounts[BYTES_LOGICAL] = made.amounts[BYTES_STORED] = row.git_bytes
    held = (BucketRow.owner_id.in_(here), BucketRow.deleted_at.is_(None))
    for row in tx.connection.execute(
        select(BucketRow.id, queries.BUCKET_PAYER.label("payer_id"), BucketRow.bytes).where(*held)
    ):
        things[row.id] = _Thing(f"{OF_BUCKET}{row.id}", row.payer_id)
        things[row.id].amounts[BYTES_LOGICAL] = row.bytes
    repos = {number for number, each in things.items() if each.holder.startswith(OF_REPO)}
    for number, size in _objects(tx, repos).items():
        things[number].amounts[BYTES_LOGICAL] += size
    for number, size in _chunks(tx, things).items():
        things[number].amounts[BYTES_STORED] += size
    for number, size in _objects(tx, things, kept_whole=True).items():
        things[number].amounts[BYTES_STORED] += size
    return things


def _objects(tx: Tx, numbers: Iterable[int], *, kept_whole: bool = False) -> dict[int, int]:
    """The bytes of the objects they hold; or of those kept whole that were sent there."""
    found: dict[int, int] = {}
    for some in batches(sorted(numbers), BATCH):
        asked = (
            select(RepoObject.repo_id, func.sum(StoredBytes.size))
            .join(StoredBytes, StoredBytes.sha256 == RepoObject.sha256)
            .where(RepoObject.repo_id.in_(some))
            .group_by(RepoObject.repo_id)
        )
        if kept_whole:
            asked = asked.where(
                RepoObject.origin == Origin.SENT, StoredBytes.blob_state == BlobState.KEPT
            )
        found |= {number: int(size) for number, size in tx.connection.execute(asked)}
    return found


def _chunks(tx: Tx, numbers: Iterable[int]) -> dict[int, int]:
    """The bytes of the chunks that were first sent there; what others had is no cost."""
    found: dict[int, int] = {}
    for some in batches(sorted(numbers), BATCH):
        asked = (
            select(Xorb.first_repo_id, func.sum(Xorb.body_bytes))
            .where(Xorb.first_repo_id.in_(some), Xorb.state == XorbState.LIVE)
            .group_by(Xorb.first_repo_id)
        )
        found |= {number: int(size) for number, size in tx.connection.execute(asked)}
    return found


def _names(tx: Tx, numbers: Iterable[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for some in batches(sorted(numbers), BATCH):
        asked = select(Account.id, Account.name).where(Account.id.in_(some))
        found |= {row.id: row.name for row in tx.connection.execute(asked)}
    return found


def _row(commons_id: int, each: Used) -> dict[str, Any]:
    return {
        "commons_id": commons_id,
        "unit": each.unit,
        "holder": each.holder,
        "person_id": each.person_id,
        "amount": each.amount,
        "at": each.at,
    }
