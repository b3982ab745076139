"""Facts about this instance that every process shares: its secret, its Xet generation, its mode.

They live in the database because workers share no disk.
"""

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import Text, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import Table

if TYPE_CHECKING:
    from iriai.base.tx import Tx

SECRET_BYTES = 32
SECRET = "secret"  # noqa: S105 - the name of the fact, not the fact
GENERATION = "xet_generation"


class InstanceFact(Table):
    """One fact, by name."""

    __tablename__ = "instance"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(Text)


def fact(tx: "Tx", name: str) -> str | None:
    """The fact of this name, or None."""
    return tx.connection.execute(
        select(InstanceFact.value).where(InstanceFact.name == name)
    ).scalar_one_or_none()


def settle(tx: "Tx", name: str, value: str) -> str:
    """The fact of this name; where there is none yet, `value` becomes it."""
    row = {"name": name, "value": value}
    tx.connection.execute(tx.insert(InstanceFact).on_conflict_do_nothing(), row)
    return fact(tx, name) or value


def change(tx: "Tx", name: str, value: str) -> None:
    """Give the fact of this name a new value."""
    settle(tx, name, value)
    tx.connection.execute(update(InstanceFact).where(InstanceFact.name == name).values(value=value))


def forget(tx: "Tx", name: str) -> None:
    """Let the fact of this name be none any more."""
    tx.connection.execute(delete(InstanceFact).where(InstanceFact.name == name))


def fresh_secret() -> str:
    """A new random secret, in hex."""
    return secrets.token_hex(SECRET_BYTES)
