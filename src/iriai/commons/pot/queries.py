"""What can be seen of the pot: all of it, by everybody."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import ColumnElement, Subquery, func, select, union_all

from iriai.base.errors import Unknown
from iriai.base.tx import Tx
from iriai.blobs.tables import RepoObject, StoredBytes
from iriai.buckets.tables import BucketRow
from iriai.commons.charter import queries as charters
from iriai.commons.membership import queries as membership
from iriai.commons.membership.rules import State as Belonging
from iriai.commons.pot import rules
from iriai.commons.pot.rules import Allotment, Gift, Pool, Slice, Source, State
from iriai.commons.pot.tables import AllotmentRow, MeasureRow, PoolRow, UsageRow
from iriai.commons.pot.waiting import Waiting, line
from iriai.identity.tables import Account
from iriai.repos import room
from iriai.repos.room import owners
from iriai.repos.tables import RepoRow

ALLOTMENTS_MAX = 2_000
COLD_SHOWN = 10
MINE_SHOWN = 200
BUCKET_PAYER = func.coalesce(BucketRow.counts_for_id, BucketRow.creator_id)
"""For whom a bucket counts, as `room.PAYER` says of repositories."""


@dataclass(frozen=True, slots=True)
class Cold:
    """A repository that nothing was written to for long, and what it holds."""

    name: str
    since: str
    amount: int


@dataclass(frozen=True, slots=True)
class Use:
    """What members use of a unit, how evenly, and when that was measured or reported last."""

    unit: str
    amounts: dict[str, int]
    evenness: Fraction
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Pot:
    """The pot of a commons: pools, how each is cut, allotments, and what members use.

    `held` is what repositories and buckets hold now, whether or not storage was given to the pot.
    """

    pools: tuple[Pool, ...]
    slices: tuple[Slice, ...]
    allotments: tuple[Allotment, ...]
    members: tuple[str, ...]
    held: Use
    cold: tuple[Cold, ...]
    uses: tuple[Use, ...]
    waiting: tuple[Waiting, ...]

    def limits(self) -> dict[str, dict[str, int]]:
        """How much of each unit each member may use."""
        return {
            name: {cut.unit: rules.limit(cut, self.allotments, name) for cut in self.slices}
            for name in self.members
        }


def pot(tx: Tx, commons_id: int) -> Pot:
    """The pot of a commons, as it stands."""
    cut = charters.in_force(tx, commons_id).pool
    names = members(tx, commons_id)
    granted = allotments(tx, commons_id)
    there = pools(tx, commons_id)
    held = _use(rules.BYTES_LOGICAL, used_bytes(tx, commons_id), names, tx.now)
    cuts = {each.unit: rules.slices(cut, each, granted, len(names)) for each in there}
    uses = tuple(_uses(tx, commons_id, [*cuts], names, held))
    free = {
        each.unit: max(
            cuts[each.unit].queue_free,
            rules.lendable(cuts[each.unit], each.amounts, names, granted),
        )
        for each in uses
    }
    return Pot(
        pools=tuple(there),
        slices=tuple(cuts.values()),
        allotments=tuple(granted),
        members=tuple(names),
        held=held,
        cold=tuple(coldest(tx, commons_id)),
        uses=uses,
        waiting=tuple(line(cuts, free, granted)),
    )


def _uses(
    tx: Tx, commons_id: int, units: Sequence[str], members: Sequence[str], held: Use
) -> Iterator[Use]:
    """What is used of each unit: storage as it is now, others as last measured or reported."""
    there = usage(commons_id)
    asked = (
        select(there.c.unit, Account.name, there.c.amount, there.c.at)
        .join(Account, Account.id == there.c.person_id)
        .where(there.c.unit.in_(list(units)))
    )
    amounts: dict[str, dict[str, int]] = {unit: {} for unit in units}
    latest: dict[str, datetime] = {}
    for unit, name, amount, at in tx.connection.execute(asked):
        amounts[unit][name] = amount
        latest[unit] = max(at, latest.get(unit, at))
    for unit, mine in amounts.items():
        is_held = unit == held.unit
        yield held if is_held else _use(unit, mine, members, latest.get(unit))


def _use(unit: str, amounts: dict[str, int], members: Sequence[str], at: datetime | None) -> Use:
    """So much is used of a unit; members who use nothing of it count for how evenly."""
    return Use(unit, amounts, rules.evenness(amounts, {*members, *amounts}), at)


def members(tx: Tx, commons_id: int) -> list[str]:
    """Who has a part of the floor: every member, by name."""
    if charters.in_force(tx, commons_id).is_collective:
        rows = membership.rows(tx, commons_id)
        return sorted(each.name for each in rows if each.state is Belonging.MEMBER)
    return sorted(each.name for each in membership.owners(tx, commons_id))


def pools(tx: Tx, commons_id: int) -> list[Pool]:
    """What there is of each unit."""
    tx.flush()
    rows = tx.session.scalars(
        select(PoolRow).where(PoolRow.commons_id == commons_id).order_by(PoolRow.unit)
    )
    return [
        Pool(row.unit, tuple(Gift(str(each["by"]), int(each["amount"])) for each in row.gifts))
        for row in rows
    ]


def slice_(tx: Tx, commons_id: int, unit: str) -> Slice:
    """How one unit is cut now; `Unknown` where there is nothing of it."""
    for pool in pools(tx, commons_id):
        if pool.unit == unit:
            cut = charters.in_force(tx, commons_id).pool
            granted = allotments(tx, commons_id)
            return rules.slices(cut, pool, granted, len(members(tx, commons_id)))
    raise Unknown(f"There is no {unit} in this pot.", code="PoolNotFound")


def allotments(tx: Tx, commons_id: int) -> list[Allotment]:
    """What was allotted, the newest first."""
    tx.flush()
    asked = (
        select(AllotmentRow, Account.name)
        .join(Account, Account.id == AllotmentRow.account_id)
        .where(AllotmentRow.commons_id == commons_id)
        .order_by(AllotmentRow.state, AllotmentRow.id.desc())
        .limit(ALLOTMENTS_MAX)
    )
    return [
        Allotment(
            id=row.id,
            unit=row.unit,
            amount=row.amount,
            holder=name,
            project=row.project,
            source=Source(row.source),
            state=State(row.state),
            granted_at=row.granted_at,
            noticed_at=row.noticed_at,
            recalled_at=row.recalled_at,
        )
        for row, name in tx.session.execute(asked)
    ]


def queued_by(tx: Tx, commons_id: int) -> set[int]:
    """The numbers of the proposals whose requests wait in the queue."""
    asked = select(AllotmentRow.decision).where(
        AllotmentRow.commons_id == commons_id, AllotmentRow.state == State.QUEUED
    )
    found = (each.rpartition("/")[2] for each in tx.connection.execute(asked).scalars())
    return {int(each) for each in found if each.isdecimal()}


def waiting_of(tx: Tx, commons_id: int, proposal: int) -> Waiting | None:
    """What the proposal of this number put into the queue, as long as it waits there."""
    asked = select(AllotmentRow.id).where(
        AllotmentRow.commons_id == commons_id,
        AllotmentRow.decision.endswith(f"/{proposal}"),
        AllotmentRow.state == State.QUEUED,
    )
    found = tx.connection.execute(asked).scalars().first()
    if found is None:
        return None
    there = pot(tx, commons_id).waiting
    return next((each for each in there if each.allotment.id == found), None)


def used_bytes(tx: Tx, commons_id: int) -> dict[str, int]:
    """How many logical bytes its repositories and buckets hold, by whom it counts for."""
    made: dict[str, int] = {}
    large = (
        select(Account.name, func.sum(StoredBytes.size))
        .join(RepoRow, Account.id == room.PAYER)
        .join(RepoObject, RepoObject.repo_id == RepoRow.id)
        .join(StoredBytes, StoredBytes.sha256 == RepoObject.sha256)
        .where(*_of(commons_id))
        .group_by(Account.name)
    )
    small = (
        select(Account.name, func.sum(RepoRow.git_bytes))
        .join(RepoRow, Account.id == room.PAYER)
        .where(*_of(commons_id))
        .group_by(Account.name)
    )
    buckets = (
        select(Account.name, func.sum(BucketRow.bytes))
        .join(BucketRow, Account.id == BUCKET_PAYER)
        .where(BucketRow.owner_id.in_(owners(commons_id)), BucketRow.deleted_at.is_(None))
        .group_by(Account.name)
    )
    for asked in (large, small, buckets):
        for name, amount in tx.connection.execute(asked):
            made[name] = made.get(name, 0) + int(amount or 0)
    return made


def last_written(tx: Tx, commons_id: int) -> dict[str, datetime]:
    """When something in a commons last changed of what counts for each."""
    found: dict[str, datetime] = {}
    for made, payer in ((RepoRow, room.PAYER), (BucketRow, BUCKET_PAYER)):
        asked = (
            select(Account.name, func.max(made.updated_at))
            .join(made, payer == Account.id)
            .where(made.owner_id.in_(owners(commons_id)), made.deleted_at.is_(None))
            .group_by(Account.name)
        )
        for name, at in tx.connection.execute(asked):
            found[name] = max(at, found.get(name, at))
    return found


def usage(commons_id: int) -> Subquery:
    """What is written down of a commons: what was measured here, and reported from elsewhere."""
    each = (
        select(
            table.unit.label("unit"),
            table.holder.label("holder"),
            table.person_id.label("person_id"),
            table.amount.label("amount"),
            table.at.label("at"),
        ).where(table.commons_id == commons_id)
        for table in (UsageRow, MeasureRow)
    )
    return union_all(*each).subquery()


def used_of(tx: Tx, commons_id: int, unit: str) -> dict[str, int]:
    """How much of a unit each member uses: storage as it is now, others as last reported."""
    if unit == rules.BYTES_LOGICAL:
        return used_bytes(tx, commons_id)
    there = usage(commons_id)
    asked = (
        select(Account.name, there.c.amount)
        .join(Account, Account.id == there.c.person_id)
        .where(there.c.unit == unit)
    )
    return {row.name: row.amount for row in tx.connection.execute(asked)}


def with_pots(tx: Tx) -> Sequence[int]:
    """Every commons to which something was ever given."""
    return tx.connection.execute(select(PoolRow.commons_id).distinct()).scalars().all()


def numbers(tx: Tx, names: Iterable[str]) -> dict[str, int]:
    """The numbers of the accounts with these names."""
    asked = select(Account.name, Account.id).where(Account.name.in_(sorted(names)))
    return {row.name: row.id for row in tx.connection.execute(asked)}


def bytes_in_buckets(tx: Tx, commons_id: int) -> dict[int | None, int]:
    """What the buckets of a commons hold, by whom it counts for."""
    asked = (
        select(BUCKET_PAYER, func.sum(BucketRow.bytes))
        .where(BucketRow.owner_id.in_(owners(commons_id)), BucketRow.deleted_at.is_(None))
        .group_by(BUCKET_PAYER)
    )
    return {person: int(size) for person, size in tx.connection.execute(asked)}


def coldest(tx: Tx, commons_id: int) -> Sequence[Cold]:
    """The public repositories that nothing was written to for longest."""
    rows = tx.connection.execute(
        select(RepoRow.name, RepoRow.updated_at, func.coalesce(func.sum(StoredBytes.size), 0))
        .join(RepoObject, RepoObject.repo_id == RepoRow.id)
        .join(StoredBytes, StoredBytes.sha256 == RepoObject.sha256)
        .where(*_of(commons_id), RepoRow.visibility == "public")
        .group_by(RepoRow.id, RepoRow.name, RepoRow.updated_at)
        .order_by(RepoRow.updated_at)
        .limit(COLD_SHOWN)
    )
    return [Cold(name, at.date().isoformat(), int(amount)) for name, at, amount in rows]


def _of(commons_id: int) -> tuple[ColumnElement[bool], ...]:
    return (RepoRow.owner_id.in_(owners(commons_id)), RepoRow.deleted_at.is_(None))
