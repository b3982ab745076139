"""Rows of the database as repositories and refs, and which of them somebody may see."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_, select

from iriai.base.events import HUB
from iriai.identity.rules import Actor, Reach, circle
from iriai.identity.tables import Account
from iriai.repos.rules import Gated, HeldBy, Kind, Ref, Repo, Visibility
from iriai.repos.tables import RefRow, RepoGrant, RepoRow

COLUMNS: tuple[Any, ...] = (
    RepoRow.id,
    RepoRow.kind,
    RepoRow.owner_id,
    Account.name.label("owner"),
    RepoRow.name,
    RepoRow.visibility,
    RepoRow.gated,
    RepoRow.held_by,
    RepoRow.creator_id,
    RepoRow.created_at,
    RepoRow.updated_at,
    Account.commons_id,
    RepoRow.disabled_reason,
    RepoRow.discussions_disabled,
    RepoRow.sdk,
    RepoRow.downloads,
    RepoRow.likes,
    RepoRow.git_bytes,
    RepoRow.held_reason,
    RepoRow.held_until,
    RepoRow.held_is_gone,
    RepoRow.frozen_reason,
    RepoRow.label,
    RepoRow.is_delisted,
    RepoRow.has_withheld,
    Account.quota_bytes,
    RepoRow.counts_for_id,
)
"""What a `Repo` is made of, `head` apart."""

HEAD = RefRow.commit_sha.label("head")


def as_repo(row: Sequence[Any], head: str | None, *, now: datetime | None = None) -> Repo:
    """The repository of a row that begins with `COLUMNS`.

    A hold is over in the second it lapses, where `now` is told; else once the clock wrote it down.
    """
    lapsed = row[18] is None or (row[19] is not None and now is not None and row[19] <= now)
    return Repo(
        id=row[0],
        kind=Kind(row[1]),
        owner_id=row[2],
        owner=row[3],
        name=row[4],
        visibility=Visibility(row[5]),
        gated=Gated(row[6]) if row[6] else None,
        held_by=HeldBy(row[7]),
        creator_id=row[8],
        created_at=row[9],
        updated_at=row[10],
        commons_id=HUB if row[11] is None else row[11],
        head=head,
        disabled_reason=row[12],
        discussions_disabled=row[13],
        sdk=row[14],
        downloads=row[15],
        likes=row[16],
        git_bytes=row[17],
        held_reason=None if lapsed else row[18],
        held_is_gone=not lapsed and row[20],
        frozen_reason=row[21],
        label=row[22],
        is_delisted=row[23],
        has_withheld=row[24],
        quota_bytes=row[25],
        counts_for_id=row[26],
    )


def as_ref(row: Sequence[Any]) -> Ref:
    """The ref of a row of name, sha, commit and who opened it."""
    return Ref(row[0], row[1], row[2], row[3])


REF_COLUMNS: tuple[Any, ...] = (RefRow.name, RefRow.sha, RefRow.commit_sha, RefRow.opened_by)


def seen(viewer: Actor) -> ColumnElement[bool]:
    """The repositories that `viewer` may know of."""
    return and_(
        RepoRow.deleted_at.is_(None),
        or_(RepoRow.visibility != Visibility.PRIVATE, *_own(viewer)),
    )


def listed(viewer: Actor) -> ColumnElement[bool]:
    """Of these the ones that lists and searches show: what was delisted is found by its address."""
    return and_(seen(viewer), RepoRow.is_delisted.is_(False))


def readable(viewer: Actor) -> ColumnElement[bool]:
    """The repositories whose files `viewer` may read."""
    return and_(
        RepoRow.deleted_at.is_(None),
        RepoRow.disabled_reason.is_(None),
        RepoRow.held_reason.is_(None),
        or_(
            and_(RepoRow.visibility == Visibility.PUBLIC, RepoRow.gated.is_(None)),
            and_(RepoRow.visibility == Visibility.PUBLIC, _let_in(viewer)),
            *_own(viewer),
        ),
    )


def _let_in(viewer: Actor) -> ColumnElement[bool]:
    """The gated repositories whose gate stands open for `viewer`."""
    if viewer.id is None or viewer.scope.reach is Reach.FINE_GRAINED:
        return false()
    granted = select(RepoGrant.repo_id).where(RepoGrant.account_id == viewer.id)
    return RepoRow.id.in_(granted)


def _own(viewer: Actor) -> list[ColumnElement[bool]]:
    """What `viewer` may read because of who they are, as `identity.rules.circle` has it."""
    mine = circle(viewer)
    found: list[ColumnElement[bool]] = []
    if mine.owners:
        found.append(RepoRow.owner_id.in_(sorted(mine.owners)))
    if mine.repos:
        found.append(
            and_(RepoRow.id.in_(sorted(mine.repos)), RepoRow.owner_id.in_(sorted(mine.partly)))
        )
    return found


WITH_HEAD: Select[Any] = (
    select(*COLUMNS, HEAD)
    .join(Account, Account.id == RepoRow.owner_id)
    .outerjoin(RefRow, and_(RefRow.repo_id == RepoRow.id, RefRow.name == "refs/heads/main"))
)
"""A repository in one row, with the newest commit of main last."""
