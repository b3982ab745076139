"""Lists of repositories, a page at a time, in an order that new ones do not disturb.

A page ends with a cursor that names the last row by what it is sorted by and its id, so the next
page begins after it whatever has been added since. What is known of cards (tags, task, language)
narrows the list through `Filters.narrow`, which that part writes.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Select, and_, or_

from iriai.base.errors import Invalid
from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.identity.rules import Actor
from iriai.identity.tables import Account
from iriai.repos.rows import WITH_HEAD, as_repo, listed
from iriai.repos.rules import Kind, Repo
from iriai.repos.tables import RepoRow

LISTING_LENGTH_MAX = 1_000
SEARCH_WORDS_MAX = 8
INTEGER_MAX = (1 << 63) - 1  # the databases hold no more
Narrow = Callable[[Select[Any], Any], Select[Any]]


class Sort(StrEnum):
    """By what a list is ordered, the most or newest first."""

    CREATED = "created_at"
    UPDATED = "updated_at"
    DOWNLOADS = "downloads"
    LIKES = "likes"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is of. `search`: words that must all stand in the full name.

    `narrow(query, column)` gives the query back with fewer of the repositories that `column` names.
    """

    kind: Kind | None = None
    author: str | None = None
    search: str | None = None
    gated: bool | None = None
    narrow: Narrow | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """Some repositories; `after` asks for the next ones, None when there are no more."""

    repos: list[Repo]
    after: str | None


def listing(  # noqa: PLR0917 - filters, order, place and size, as a page is asked for
    tx: Tx,
    viewer: Actor,
    filters: Filters,
    sort: Sort = Sort.UPDATED,
    after: str | None = None,
    limit: int = 30,
) -> Listed:
    """The repositories that `viewer` may know of, filtered and in order."""
    limit = max(1, min(limit, LISTING_LENGTH_MAX))
    column = getattr(RepoRow, sort.value)
    query = _filtered(WITH_HEAD.where(listed(viewer)), filters)
    if after:
        value, last_id = _read_cursor(after, sort)
        query = query.where(or_(column < value, and_(column == value, RepoRow.id < last_id)))
    query = query.order_by(column.desc(), RepoRow.id.desc()).limit(limit + 1)
    rows = tx.connection.execute(query).all()
    found = [as_repo(row, row[-1]) for row in rows[:limit]]
    cursor = _cursor(found[-1], sort) if len(rows) > limit else None
    return Listed(found, cursor)


def _filtered(query: Select[Any], filters: Filters) -> Select[Any]:
    if filters.kind is not None:
        query = query.where(RepoRow.kind == filters.kind)
    if filters.author:
        query = query.where(Account.name_key == fold(filters.author))
    for word in fold(filters.search or "").split()[:SEARCH_WORDS_MAX]:
        owner, slash, name = word.partition("/")
        if slash:
            query = query.where(
                Account.name_key.endswith(owner, autoescape=True),
                RepoRow.name_key.startswith(name, autoescape=True),
            )
        else:
            query = query.where(
                or_(
                    RepoRow.name_key.contains(word, autoescape=True),
                    Account.name_key.contains(word, autoescape=True),
                )
            )
    if filters.gated is not None:
        gated = RepoRow.gated.is_not(None)
        query = query.where(gated if filters.gated else ~gated)
    return filters.narrow(query, RepoRow.id) if filters.narrow else query


def _cursor(last: Repo, sort: Sort) -> str:
    value = getattr(last, sort.value)
    kept = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(orjson.dumps([kept, last.id])).decode().rstrip("=")


def _read_cursor(cursor: str, sort: Sort) -> tuple[datetime | int, int]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        value, last_id = orjson.loads(base64.urlsafe_b64decode(padded))
        if sort in (Sort.CREATED, Sort.UPDATED):
            value = datetime.fromisoformat(value)
            if value.tzinfo is None:
                raise ValueError(value)
        elif not isinstance(value, int):
            raise TypeError(value)
        else:
            value = _kept(value)
        return value, _kept(int(last_id))
    except (ValueError, TypeError, binascii.Error):
        raise Invalid("This cursor makes no sense.") from None


def _kept(number: int) -> int:
    """A number that a database can compare with."""
    if abs(number) > INTEGER_MAX:
        raise ValueError(number)
    return number
