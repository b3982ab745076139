"""What can be seen of repositories. There is no other way to get a `Repo`.

The hot path is one statement: an address and a revision give the repository, its owner, the newest
commit of main and the refs that the revision may name. Names are looked up in `repo_names` and
`account_names`, which know every earlier name too, so the same statement finds what has moved. It
leaves out what is private to others, so that nobody is told by the clock that there is something:
rows that are read and thrown away take longer than no rows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, or_, select

from iriai.base.names import RESERVED_DATASETS, fold
from iriai.base.tx import Ground, Tx
from iriai.identity.rules import Actor
from iriai.identity.tables import Account, AccountName
from iriai.repos import rules, withheld
from iriai.repos.git.objects import Objects, Page
from iriai.repos.handles import objects
from iriai.repos.listing import Filters, Listed, Sort, listing
from iriai.repos.preupload import Candidate, Mode, modes
from iriai.repos.rows import (
    COLUMNS,
    REF_COLUMNS,
    WITH_HEAD,
    as_ref,
    as_repo,
    seen,
)
from iriai.repos.rows import (
    readable as _readable,
)
from iriai.repos.rules import FULL_SHA, MAIN, SHORT_SHA, Kind, Ref, Repo, Visibility
from iriai.repos.tables import RefRow, RepoGrant, RepoName, RepoRow

__all__ = [
    "Candidate",
    "Filters",
    "Listed",
    "Mode",
    "Objects",
    "Page",
    "Sort",
    "listing",
    "objects",
]

REPOS_OF_MAX = 10_000
NOBODY = 0  # no row has this id

_BY_ADDRESS: Select[Any] = (
    select(
        *COLUMNS,
        RepoRow.deleted_at,
        and_(
            RepoRow.owner_id == AccountName.account_id,
            RepoRow.name_key == RepoName.key,
            Account.name_key == AccountName.name_key,
        ),
        *REF_COLUMNS,
    )
    .select_from(AccountName)
    .join(
        RepoName,
        and_(
            RepoName.owner_id == AccountName.account_id,
            RepoName.kind == bindparam("kind"),
            RepoName.key == bindparam("key"),
        ),
    )
    .join(RepoRow, RepoRow.id == RepoName.repo_id)
    .join(Account, Account.id == RepoRow.owner_id)
    .outerjoin(
        RefRow,
        and_(
            RefRow.repo_id == RepoRow.id,
            RefRow.name.in_([bindparam("ref_1"), bindparam("ref_2"), bindparam("ref_3")]),
        ),
    )
    .where(AccountName.name_key == bindparam("owner"))
)
_BY_ID = WITH_HEAD.where(RepoRow.id == bindparam("repo_id"), RepoRow.deleted_at.is_(None))
_REF_BY_NAME = select(*REF_COLUMNS).where(
    RefRow.repo_id == bindparam("repo_id"),
    RefRow.name.in_([bindparam("ref_1"), bindparam("ref_2")]),
)
_DELETED_AT = len(COLUMNS)
_IS_CURRENT = _DELETED_AT + 1
_REF = _IS_CURRENT + 1


@dataclass(frozen=True, slots=True)
class _Found:
    repo: Repo
    is_deleted: bool
    is_current: bool
    refs: dict[str, Ref]


@cache
def _by_address(owners: int, kept: int) -> Select[Any]:
    """`_BY_ADDRESS` without what is private to others than so many owners and repositories."""
    return _BY_ADDRESS.where(
        or_(
            RepoRow.visibility != Visibility.PRIVATE,
            *(RepoRow.owner_id == bindparam(f"owner_{each}") for each in range(owners)),
            *(RepoRow.id == bindparam(f"kept_{each}") for each in range(kept)),
        )
    )


def _slots(word: str, ids: Collection[int]) -> dict[str, int]:
    """Named values for all of these, filled up to a power of two: few statements are compiled."""
    if not ids:
        return {}
    count = 1 << (len(ids) - 1).bit_length()
    filled = [*ids, *[NOBODY] * (count - len(ids))]
    return {f"{word}_{number}": each for number, each in enumerate(filled)}


def _find(tx: Tx, viewer: Actor, kind: str, full_name: str, revision: str = "") -> _Found | None:
    """What has or had this name, in one statement, with the refs that `revision` may name.

    What is private to others is not found. Whether `viewer` may see what is, is still to be asked.
    """
    owner, slash, name = full_name.partition("/")
    if not slash:
        return None
    names = [*rules.ref_candidates(revision), MAIN, MAIN]
    asked: dict[str, Any] = {"kind": Kind(kind), "owner": fold(owner), "key": fold(name)}
    asked |= {f"ref_{number}": ref for number, ref in enumerate(names[:3], 1)}
    asked["ref_3"] = MAIN
    owners = _slots("owner", () if viewer.id is None else {viewer.id, *viewer.roles})
    kept = _slots("kept", viewer.maintains)
    statement = _by_address(len(owners), len(kept))
    rows = tx.connection.execute(statement, asked | owners | kept).all()
    if not rows:
        return None
    refs: dict[str, Ref] = {
        str(row[_REF]): as_ref(row[_REF:]) for row in rows if row[_REF] is not None
    }
    head = refs[MAIN].commit if MAIN in refs else None
    first = rows[0]
    return _Found(
        as_repo(first, head, now=tx.now),
        first[_DELETED_AT] is not None,
        bool(first[_IS_CURRENT]),
        refs,
    )


def _present(tx: Tx, viewer: Actor, found: _Found | None) -> _Found:
    """What is there by this very name, as `viewer` may know."""
    if found is None or not found.is_current or not rules.may_see(viewer, found.repo):
        raise rules.unknown_repo()
    if found.is_deleted:
        raise rules.gone_repo(found.repo)
    return replace(found, repo=_let_in(tx, viewer, found.repo))


def _let_in(tx: Tx, viewer: Actor, repo: Repo) -> Repo:
    """The repository, with whether `viewer` was let through its gate; asked only of gated ones."""
    if repo.gated is None or viewer.id is None or rules.may_write(viewer, repo):
        return repo
    asked = select(RepoGrant.since).where(
        RepoGrant.repo_id == repo.id, RepoGrant.account_id == viewer.id
    )
    found = tx.connection.execute(asked).scalar_one_or_none()
    return replace(repo, granted=found is not None)


def repo(tx: Tx, viewer: Actor, kind: str, full_name: str) -> Repo:
    """The repository of this name, in one statement; missing and hidden are `Unknown` alike."""
    return _present(tx, viewer, _find(tx, viewer, kind, full_name)).repo


def repo_at(tx: Tx, viewer: Actor, kind: str, full_name: str, revision: str) -> tuple[Repo, str]:
    """The repository and the commit that a revision names: one statement, unless git is asked."""
    found = _present(tx, viewer, _find(tx, viewer, kind, full_name, revision))
    return found.repo, _resolved(tx, found, revision)


def readable(tx: Tx, viewer: Actor, kind: str, full_name: str) -> Repo:
    """The repository, if `viewer` may read its files."""
    found = repo(tx, viewer, kind, full_name)
    rules.require_read(viewer, found)
    return found


def readable_at(
    tx: Tx, viewer: Actor, kind: str, full_name: str, revision: str
) -> tuple[Repo, str]:
    """The repository and a commit of it, if `viewer` may read its files."""
    found = _present(tx, viewer, _find(tx, viewer, kind, full_name, revision))
    rules.require_read(viewer, found.repo)
    return found.repo, _resolved(tx, found, revision)


def moved(tx: Tx, viewer: Actor, kind: str, full_name: str) -> str | None:
    """What a repository is called now that once had this name, where that is another."""
    found = _find(tx, viewer, kind, full_name)
    if found is None or found.is_current or found.is_deleted:
        return None
    return found.repo.full_name if rules.may_see(viewer, found.repo) else None


def by_id(tx: Tx, repo_id: int, viewer: Actor | None = None) -> Repo:
    """The repository of this number, whoever asks: for actions and jobs, never for doors.

    With a `viewer`, whether its gate stands open for them is known too.
    """
    row = tx.connection.execute(_BY_ID, {"repo_id": repo_id}).one_or_none()
    if row is None:
        raise rules.unknown_repo()
    repo = as_repo(row, row[-1], now=tx.now)
    return repo if viewer is None else _let_in(tx, viewer, repo)


# -- revisions -----------------------------------------------------------------------------------


def _resolved(tx: Tx, found: _Found, revision: str) -> str:
    for name in rules.ref_candidates(revision):
        if name in found.refs:
            return found.refs[name].commit
    return _by_sha(tx, found.repo, revision)


def _by_sha(tx: Tx, repo: Repo, revision: str) -> str:
    sha, repo_id = None, repo.id
    if repo.has_withheld:
        withheld.require_there(tx, repo_id, [revision])
    if FULL_SHA.fullmatch(revision) or SHORT_SHA.fullmatch(revision):
        sha = objects(tx.ground, repo_id).find(revision)
    if sha is None:
        raise rules.unknown_revision(revision)
    return sha


def resolve(tx: Tx, repo: Repo, revision: str) -> str:
    """The commit that a branch, tag, pull request, full or short id, or HEAD names."""
    found = named(tx, repo.id, revision)
    return found.commit if found is not None else _by_sha(tx, repo, revision)


def named(tx: Tx, repo_id: int, revision: str) -> Ref | None:
    """The ref that a revision names, a branch before a tag; None where it names none."""
    names = rules.ref_candidates(revision)
    asked = {"repo_id": repo_id, "ref_1": names[0], "ref_2": names[-1]}
    found = {row[0]: as_ref(row) for row in tx.connection.execute(_REF_BY_NAME, asked)}
    return next((found[name] for name in names if name in found), None)


def ref(tx: Tx, repo_id: int, name: str) -> Ref | None:
    """The ref of this full name, or None."""
    asked = {"repo_id": repo_id, "ref_1": name, "ref_2": name}
    row = tx.connection.execute(_REF_BY_NAME, asked).one_or_none()
    return None if row is None else as_ref(row)


def refs(tx: Tx, repo: Repo) -> list[Ref]:
    """All branches, tags and pull requests: main first, then by name."""
    asked = select(*REF_COLUMNS).where(RefRow.repo_id == repo.id)
    found = [as_ref(row) for row in tx.connection.execute(asked)]
    return sorted(found, key=lambda each: (each.name != MAIN, each.name))


# -- many ----------------------------------------------------------------------------------------


def repos_of(tx: Tx, viewer: Actor, owner_id: int, kind: str | None = None) -> Sequence[Repo]:
    """What an account owns, as far as `viewer` may know of it, by kind and name."""
    asked = WITH_HEAD.where(RepoRow.owner_id == owner_id, seen(viewer))
    if kind is not None:
        asked = asked.where(RepoRow.kind == Kind(kind))
    asked = asked.order_by(RepoRow.kind, RepoRow.name_key).limit(REPOS_OF_MAX)
    return [as_repo(row, row[-1], now=tx.now) for row in tx.connection.execute(asked)]


def count_of(tx: Tx, viewer: Actor, owner_id: int, kind: str | None = None) -> int:
    """How many of those there are."""
    asked = select(func.count(RepoRow.id)).where(RepoRow.owner_id == owner_id, seen(viewer))
    if kind is not None:
        asked = asked.where(RepoRow.kind == Kind(kind))
    return int(tx.connection.execute(asked).scalar_one())


_MADE_BY_PEOPLE = or_(RepoRow.kind != Kind.DATASET, RepoRow.name_key.not_in(RESERVED_DATASETS))


def made_by_people(query: Select[Any], _repo_id: Any = None) -> Select[Any]:
    """Leave out what the hub makes by itself: the dataset that keeps a commons' charter."""
    return query.where(_MADE_BY_PEOPLE)


def counts(tx: Tx, viewer: Actor) -> dict[Kind, int]:
    """How many repositories of each kind people made that `viewer` may know of."""
    asked = select(RepoRow.kind, func.count()).where(seen(viewer), _MADE_BY_PEOPLE)
    asked = asked.group_by(RepoRow.kind)
    return {Kind(kind): int(number) for kind, number in tx.connection.execute(asked)}


def readable_ids(
    viewer: Actor, *, owner_id: int | None = None, repo_id: int | None = None
) -> Select[Any]:
    """A SELECT of the ids of all repositories whose files `viewer` may read."""
    asked = select(RepoRow.id).where(_readable(viewer))
    if owner_id is not None:
        asked = asked.where(RepoRow.owner_id == owner_id)
    return asked if repo_id is None else asked.where(RepoRow.id == repo_id)


def lendable_ids(tx: Tx, viewer: Actor, *, repo_id: int | None = None) -> Select[Any]:
    """A SELECT of the ids of all repositories out of which `viewer` may copy large files by hash.

    Out of one in which something is held or was removed nothing is: who has the bytes sends them.
    """
    asked = readable_ids(viewer, repo_id=repo_id)
    return asked.where(RepoRow.id.not_in(withheld.somewhere(tx)))


def preupload(
    ground: Ground,
    repo: Repo,
    sha: str | None,
    files: Sequence[Candidate],
    *,
    gitignore: str | None = None,
    gitattributes: str | None = None,
) -> list[Mode]:
    """How each file is to be sent to a repository that is at commit `sha`."""
    return modes(
        objects(ground, repo.id), sha, files, gitignore=gitignore, gitattributes=gitattributes
    )
