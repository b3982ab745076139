"""What can be seen of a commons. All of it is public."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from iriai.base.errors import Unknown
from iriai.base.events import HUB
from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.commons.charter.rules import Preset
from iriai.commons.tables import Commons
from iriai.identity.tables import Account

HUB_NAME = "hub"
NAME_SHOWN_MAX = 100


@dataclass(frozen=True, slots=True)
class Named:
    """A commons with the name it goes by: its organisation's, or `hub`."""

    id: int
    name: str
    fullname: str
    preset: Preset
    founded_at: datetime


def of(tx: Tx, account_id: int) -> int:
    """The commons that records what is done to an account's things: its own, or the hub's."""
    found = tx.connection.execute(
        select(Account.commons_id).where(Account.id == account_id)
    ).scalar_one_or_none()
    return HUB if found is None else int(found)


def lock(tx: Tx, commons_id: int) -> None:
    """Let one transaction at a time decide in a commons.

    To be called before anything is read by which it is decided: who waited sees what the other did.

    One order holds for all that waits, so that no two wait for each other: a commons, before the
    one above it; then what it decides about, a repository before its discussions; then accounts.
    Whoever has locked a repository asks for no commons; what lands a commit by a decision takes
    the lock of the commons as its transaction begins (`first`).
    """
    asked = select(Commons.id).where(Commons.id == commons_id)
    tx.connection.execute(asked.with_for_update(key_share=True))


def preset(tx: Tx, commons_id: int) -> Preset:
    """How this commons decides."""
    found = tx.connection.execute(
        select(Commons.preset).where(Commons.id == commons_id)
    ).scalar_one()
    return Preset(found)


def commons(tx: Tx, name: str) -> Named:
    """The commons of this name."""
    query = _named().where(Account.name_key == fold(name))
    row = tx.connection.execute(query).one_or_none()
    if row is None:
        raise Unknown(
            f"There is no commons called {name[:NAME_SHOWN_MAX]!a} on this hub.",
            code="CommonsNotFound",
        )
    return Named(row.id, row.name, row.fullname, Preset(row.preset), row.founded_at)


def named(tx: Tx, commons_id: int) -> Named:
    """The commons of this number, with its name."""
    row = tx.connection.execute(_named().where(Commons.id == commons_id)).one_or_none()
    if row is None:
        raise Unknown("There is no such commons on this hub.", code="CommonsNotFound")
    return Named(row.id, row.name, row.fullname, Preset(row.preset), row.founded_at)


def all_commons(tx: Tx) -> Sequence[Named]:
    """Every commons on this hub, the hub's own first."""
    rows = tx.connection.execute(_named().order_by(Commons.id)).all()
    return [
        Named(row.id, row.name, row.fullname, Preset(row.preset), row.founded_at) for row in rows
    ]


def _named() -> Select[int, str, str, str, datetime]:
    return select(
        Commons.id,
        Account.name,
        Account.fullname,
        Commons.preset,
        Commons.founded_at,
    ).join_from(Commons, Account, Commons.account_id == Account.id)
