"""Whether there is room: what a commons shares out of storage is obeyed wherever bytes come in.

A commons that has declared storage has rows in `storage_limits`, written by the power that only
enactment calls; `quota_bytes` of its accounts says that they are there, so that where nothing is
limited nothing is asked. A repository or bucket counts for who made it, or
for the institution they named. Doors ask before bytes come
(`more`), and whoever keeps them asks again in the transaction that does; that answer is exact.

*Logical* bytes are files as people see them: each object once in every repository, and its packs.
*Stored* ones are what was kept for it: chunks first sent there, objects kept whole, packs. What is
in buckets counts alike for both.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_, update

from iriai.base.errors import Excessive
from iriai.base.events import HUB
from iriai.base.numbers import in_bytes
from iriai.base.tx import Tx
from iriai.blobs.rules import BlobState, XorbState
from iriai.blobs.tables import RepoObject, RepoXorb, StoredBytes, Xorb
from iriai.identity.tables import Account
from iriai.repos.rules import Repo
from iriai.repos.tables import RepoRow, StorageLimit

LOGICAL, STORED = "bytes_logical", "bytes_stored"
PASSAGE, PASSAGE_BYTES = timedelta(days=1), 1 << 30
"""So much of a day's chunks is let in to a bucket before it is asked whether there is room."""
OTHERS = 0
"""The row of everybody who has none."""
PAYER: ColumnElement[int | None] = func.coalesce(RepoRow.counts_for_id, RepoRow.creator_id)
"""For whom a repository counts: the institution that was named, or else who made it."""


class Holder(Protocol):
    """A repository or a bucket."""

    @property
    def commons_id(self) -> int:
        """The commons it is in."""

    @property
    def payer_id(self) -> int | None:
        """For whom it counts."""

    @property
    def quota_bytes(self) -> int | None:
        """None where its commons does not share out storage."""


def is_limited(holder: Holder) -> bool:
    """Whether there is anything to ask."""
    return holder.quota_bytes is not None


def asking(holder: Holder) -> Callable[[Tx], None]:
    """What asks, in the transaction that keeps bytes, whether there was room for them."""
    return lambda tx: require(tx, holder)


def require(tx: Tx, holder: Holder, *, more: int = 0) -> None:
    """`Excessive` where what is here, and `more` logical bytes, go over a limit."""
    if holder.quota_bytes is None:
        return
    limits = _limits(tx, holder)
    if not more:  # it is there already, and kept with this transaction: one after another
        _lock(tx, holder.commons_id, limits)
    named = _named(tx, holder.commons_id) if any(not each.person_id for each in limits) else ()
    for limit in limits:
        used = limit.bytes_in_buckets + used_bytes(
            tx, holder.commons_id, limit.unit, limit.person_id, but=named
        )
        if used + (more if limit.unit == LOGICAL else 0) > limit.bytes_max:
            raise _full(tx, limit, used, more)


def require_new(tx: Tx, holder: Repo, sizes: Sequence[int]) -> None:
    """The same for files of which only the sizes are known as yet.

    One of a size that is held already may well be that very file: who sends it is asked later.
    """
    if holder.quota_bytes is None or not sizes:
        return
    held = (
        select(StoredBytes.size)
        .join(RepoObject, RepoObject.sha256 == StoredBytes.sha256)
        .where(RepoObject.repo_id == holder.id, StoredBytes.size.in_(sizes))
    )
    known = set(tx.connection.execute(held).scalars())
    more = sum(size for size in sizes if size not in known)
    if more:
        require(tx, holder, more=more)


def require_passage(tx: Tx, holder: Holder, number: int, size: int) -> None:
    """Whether a bucket takes in chunks for a file that it may have to refuse.

    Nobody says how large a file is before its chunks come, and only who refuses the file is heard
    in words. So somewhat more than fits is let in, and swept when no file came of it.
    """
    if holder.quota_bytes is None:
        return
    sent = (
        select(func.coalesce(func.sum(Xorb.body_bytes), 0))
        .join(RepoXorb, RepoXorb.xorb_hash == Xorb.hash)
        .where(RepoXorb.repo_id == number, RepoXorb.sent_at > tx.now - PASSAGE)
    )
    passing = int(tx.connection.execute(sent).scalar_one()) + size
    require(tx, holder, more=max(0, passing - PASSAGE_BYTES))


def used_bytes(
    tx: Tx, commons_id: int, unit: str, person_id: int, *, but: Collection[int] = ()
) -> int:
    """What somebody's repositories in a commons use; with `OTHERS`, of all `but` these people."""
    mine = and_(RepoRow.deleted_at.is_(None), RepoRow.owner_id.in_(owners(commons_id)))
    if person_id:
        mine = and_(mine, PAYER.in_((person_id,)))
    elif but:
        mine = and_(mine, or_(PAYER.is_(None), PAYER.not_in(but)))
    packs = select(func.coalesce(func.sum(RepoRow.git_bytes), 0)).where(mine)
    parts = [packs, *(_stored(mine) if unit == STORED else (_logical(mine),))]
    return sum(int(tx.connection.execute(each).scalar_one()) for each in parts)


def owners(commons_id: int) -> Select[int]:
    """The accounts whose things are in a commons; people's own are in the hub's."""
    here = func.coalesce(Account.commons_id, HUB) == commons_id
    return select(Account.id).where(here)


def _logical(mine: ColumnElement[bool]) -> Select[int]:
    return (
        select(func.coalesce(func.sum(StoredBytes.size), 0))
        .select_from(RepoRow)
        .join(RepoObject, RepoObject.repo_id == RepoRow.id)
        .join(StoredBytes, StoredBytes.sha256 == RepoObject.sha256)
        .where(mine)
    )


def _stored(mine: ColumnElement[bool]) -> tuple[Select[int], Select[int]]:
    chunks = (
        select(func.coalesce(func.sum(Xorb.body_bytes), 0))
        .select_from(RepoRow)
        .join(Xorb, Xorb.first_repo_id == RepoRow.id)
        .where(mine, Xorb.state == XorbState.LIVE)
    )
    return chunks, _logical(and_(mine, StoredBytes.blob_state == BlobState.KEPT))


def count_bucket(tx: Tx, bucket: Holder, more: int) -> None:
    """A bucket holds so many bytes more now, or fewer."""
    if bucket.quota_bytes is None:
        return
    units = [(each.unit, each.person_id) for each in _limits(tx, bucket)]
    for unit, person_id in units:
        tx.connection.execute(
            update(StorageLimit)
            .where(
                StorageLimit.commons_id == bucket.commons_id,
                StorageLimit.person_id == person_id,
                StorageLimit.unit == unit,
            )
            .values(bytes_in_buckets=StorageLimit.bytes_in_buckets + more)
        )


class _Limit(Protocol):
    person_id: int
    unit: str
    commons: str
    bytes_max: int
    bytes_in_buckets: int


def _limits(tx: Tx, holder: Holder) -> Sequence[_Limit]:
    """Of each unit the row that counts for this: its maker's own, or everybody else's."""
    asked = (
        select(
            StorageLimit.person_id,
            StorageLimit.unit,
            StorageLimit.commons,
            StorageLimit.bytes_max,
            StorageLimit.bytes_in_buckets,
        )
        .where(
            StorageLimit.commons_id == holder.commons_id,
            StorageLimit.person_id.in_([holder.payer_id or OTHERS, OTHERS]),
        )
        .order_by(StorageLimit.person_id, StorageLimit.unit)
    )
    found: dict[str, _Limit] = {row.unit: row for row in tx.connection.execute(asked)}
    return list(found.values())


def _lock(tx: Tx, commons_id: int, limits: Sequence[_Limit]) -> None:
    """Let nobody else ask about these limits until the transaction ends, always in one order."""
    rows = [(each.unit, each.person_id) for each in limits]
    asked = select(StorageLimit.unit).where(
        StorageLimit.commons_id == commons_id,
        tuple_(StorageLimit.unit, StorageLimit.person_id).in_(rows),
    )
    ordered = asked.order_by(StorageLimit.unit, StorageLimit.person_id)
    tx.connection.execute(ordered.with_for_update()).all()


def _named(tx: Tx, commons_id: int) -> Sequence[int]:
    asked = select(StorageLimit.person_id).where(
        StorageLimit.commons_id == commons_id, StorageLimit.person_id != OTHERS
    )
    return tx.connection.execute(asked.distinct()).scalars().all()


def _full(tx: Tx, limit: _Limit, used: int, more: int) -> Excessive:
    name = tx.connection.execute(
        select(Account.name).where(Account.id == limit.person_id)
    ).scalar_one_or_none()
    whose = f"of {name}" if name else "of all who are no members together"
    what = limit.unit.replace("_", " ")
    now = (
        f"{in_bytes(used)} are used, and this needs {in_bytes(more)} more"
        if more
        else f"with this, {in_bytes(used)} would be used"
    )
    most = in_bytes(limit.bytes_max)
    return Excessive(
        f"The limit {whose} in {limit.commons} is {most} ({what}); {now}. Delete "
        f"something, or ask for more at {tx.ground.settings.url}/commons/{limit.commons}/pot",
        code="StorageLimit",
    )
