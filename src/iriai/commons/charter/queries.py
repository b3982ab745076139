"""Which charter is in force, and which were before it. All of it is public."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import func, select

from iriai.base.errors import Unknown
from iriai.base.events import HUB
from iriai.base.tx import Tx
from iriai.commons.charter import presets, reading
from iriai.commons.charter.rules import Charter, Preset
from iriai.commons.charter.tables import CharterRow
from iriai.commons.tables import Commons
from iriai.identity.tables import Account

CHARTERS_KEPT = 1_024
FOUNDING = "founding"
"""What stands for the decision with which a commons begins."""
HISTORY_LENGTH_MAX = 500


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a charter, without its text. Number 0 is the preset before any founding."""

    id: int | None
    number: int
    digest: str
    enacted_at: datetime
    decision: str = FOUNDING
    holds_from: datetime | None = None


def in_force(tx: Tx, commons_id: int) -> Charter:
    """What a commons has agreed on, as it holds now."""
    newest = (
        select(CharterRow.digest, CharterRow.text)
        .where(CharterRow.commons_id == commons_id)
        .order_by(CharterRow.number.desc())
        .limit(1)
    )
    found = tx.connection.execute(newest).one_or_none()
    if found is not None:
        return _parsed(found.digest, found.text)
    named = _named(tx, commons_id)
    return presets.charter(named.preset, named.name)


def text(tx: Tx, commons_id: int, number: int | None = None) -> str:
    """The charter in force word for word, or the one of an earlier number."""
    asked = select(CharterRow.text).where(CharterRow.commons_id == commons_id)
    if number is not None:
        asked = asked.where(CharterRow.number == number)
    found = tx.connection.execute(asked.order_by(CharterRow.number.desc()).limit(1)).scalar()
    if found is not None:
        return str(found)
    if number:
        raise Unknown("There is no such version of this charter.", code="CharterNotFound")
    named = _named(tx, commons_id)
    return presets.text(named.preset, named.name)


def version(tx: Tx, commons_id: int) -> Version:
    """Which version is in force."""
    found = history(tx, commons_id, limit=1)
    if found:
        return found[0]
    named = _named(tx, commons_id)
    made = presets.text(named.preset, named.name)
    return Version(None, 0, digest(made), named.founded_at)


def version_by_id(tx: Tx, version_id: int) -> tuple[Version, Charter]:
    """A version that something began under, and what it says."""
    asked = select(*_COLUMNS, CharterRow.text).where(CharterRow.id == version_id)
    row = tx.connection.execute(asked).one()
    return Version(*row[:-1]), _parsed(row.digest, row.text)


def taking_over(tx: Tx, account_id: int) -> datetime | None:
    """When the commons of an organisation comes to hold what it has, where that is still ahead."""
    newest = select(CharterRow.holds_from).where(CharterRow.commons_id == Commons.id)
    newest = newest.order_by(CharterRow.number.desc()).limit(1)
    asked = select(newest.scalar_subquery()).where(
        Commons.account_id == account_id,
        Commons.preset.not_in([Preset.SOLO.value, Preset.OWNERS.value]),
    )
    found = tx.connection.execute(asked).scalar_one_or_none()
    return found if found is not None and found > tx.now else None


def history(tx: Tx, commons_id: int, *, limit: int = HISTORY_LENGTH_MAX) -> Sequence[Version]:
    """Every version that was ever in force, the newest first."""
    asked = select(*_COLUMNS).where(CharterRow.commons_id == commons_id)
    asked = asked.order_by(CharterRow.number.desc()).limit(limit)
    return [Version(*row) for row in tx.connection.execute(asked)]


def is_to_choose(tx: Tx, commons_id: int) -> bool:
    """Whether `solo` has ended by a second member, and how it goes on is not chosen yet.

    The preset `owners` holds then, right after the `solo` that may never have been written down.
    """
    found = history(tx, commons_id, limit=2)
    if not found or found[0].id is None or found[0].decision == FOUNDING:
        return False
    if version_by_id(tx, found[0].id)[1].preset is not Preset.OWNERS:
        return False
    before = found[1].id if len(found) > 1 else None
    return before is None or version_by_id(tx, before)[1].preset is Preset.SOLO


def by_digest(tx: Tx, commons: str, wanted: str) -> Charter:
    """The charter of this commons whose text has this SHA-256."""
    asked = (
        select(CharterRow.digest, CharterRow.text)
        .join(Commons, Commons.id == CharterRow.commons_id)
        .join(Account, Account.id == Commons.account_id)
        .where(func.lower(Account.name) == commons.lower(), CharterRow.digest == wanted)
        .limit(1)
    )
    found = tx.connection.execute(asked).one_or_none()
    if found is None:
        raise Unknown(
            f"The commons {commons} has no charter of the digest sha256:{wanted}.",
            code="CharterNotFound",
        )
    return _parsed(found.digest, found.text)


def name_of(tx: Tx, commons_id: int) -> str:
    """What a commons is called."""
    return _named(tx, commons_id).name


def digest(text: str) -> str:
    """By what a charter's exact text is named: its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()


_COLUMNS = (
    CharterRow.id,
    CharterRow.number,
    CharterRow.digest,
    CharterRow.enacted_at,
    CharterRow.decision,
    CharterRow.holds_from,
)


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    preset: Preset
    founded_at: datetime


def _named(tx: Tx, commons_id: int) -> _Named:
    asked = (
        select(Account.name, Commons.preset, Commons.founded_at)
        .select_from(Commons)
        .outerjoin(Account, Account.id == Commons.account_id)
        .where(Commons.id == commons_id)
    )
    row = tx.connection.execute(asked).one()
    name = "hub" if commons_id == HUB else str(row.name)
    return _Named(name, Preset(row.preset), row.founded_at)


@lru_cache(maxsize=CHARTERS_KEPT)
def _parsed(_digest: str, text: str) -> Charter:
    """A text that was in force is read as far as it can be: it was whole when it was enacted."""
    return reading.examined(text)[0]
