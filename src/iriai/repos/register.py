"""The register of names, and a repository's life in it: claimed, moved, given up, never freed."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from iriai.base.errors import Conflict, Denied, Unknown
from iriai.base.names import NAME_LENGTH_MAX, clean_repo_name, fold, skeleton
from iriai.base.tx import Tx
from iriai.identity import queries as identity
from iriai.identity.rules import Act, Actor, Subject, require_may, require_signed_in
from iriai.identity.tables import Account
from iriai.repos import guarded, queries, rules
from iriai.repos.records import record, where_refs_are
from iriai.repos.rules import HeldBy, Kind, Repo
from iriai.repos.tables import RepoName, RepoRow

PURGE_GRACE = timedelta(days=7)


def owner_for(tx: Tx, actor: Actor, owner: str, kind: Kind) -> Account:
    """The account in whose name `actor` may make or receive a repository.

    Where there is none it is refused in the same words: clients take that for somebody else's.
    """
    try:
        found = identity.account(tx, owner)
    except Unknown as missing:
        require_signed_in(actor)
        raise _no_rights(kind, owner, missing.message) from None
    try:
        require_may(actor, Act.CREATE, Subject(found.id))
    except Denied as refusal:
        if refusal.code != "Forbidden":
            raise
        raise _no_rights(kind, found.name) from None
    return found


def _no_rights(kind: Kind, owner: str, why: str = "") -> Denied:
    shown = ascii(owner[:NAME_LENGTH_MAX])[1:-1]
    said = f'You don\'t have the rights to create a {kind} under the namespace "{shown}"'
    return Denied(f"{said}. {why.rstrip('.')}" if why else said, code="Forbidden")


def usual_holder(owner: Account) -> HeldBy:
    """Who decides about what this account owns."""
    return HeldBy.OWNERS if owner.is_organisation else HeldBy.PERSON


def require_free(tx: Tx, owner: Account, kind: Kind, name: str, repo_id: int | None = None) -> None:
    """The name must never have been another repository's, nor look like one that was."""
    key, look = fold(name), skeleton(name)
    asked = (
        select(RepoName.key, RepoName.repo_id, RepoRow.deleted_at, RepoRow.name_key)
        .join(RepoRow, RepoRow.id == RepoName.repo_id)
        .where(RepoName.owner_id == owner.id, RepoName.kind == kind)
        .where((RepoName.key == key) | (RepoName.look == look))
    )
    for row in tx.connection.execute(asked):
        if row.repo_id == repo_id:
            continue
        if row.key != key:
            raise Conflict(
                f"The name {name} looks too much like {row.key}, which {owner.name} has or had.",
                code="NameTooAlike",
            )
        if row.deleted_at is not None:
            raise spent(kind, f"{owner.name}/{name}")
        raise Conflict(
            f"A {kind} repository called {owner.name}/{name} already exists", code="RepoExists"
        )


def spent(kind: Kind, full_name: str) -> Conflict:
    """The same words for a name whose repository was deleted and for one that moved out of sight.

    Who may not know of a repository does not learn from them whether it is still there.
    """
    return Conflict(
        f"A {kind} repository was called {full_name} once, and a name is not given out again; "
        "choose another.",
        code="NameRetired",
    )


def claim(tx: Tx, owner: Account, kind: Kind, name: str, repo_id: int) -> None:
    """Enter a name, for ever; `Conflict` where somebody was faster."""
    require_free(tx, owner, kind, name, repo_id)
    key, look = fold(name), skeleton(name)
    asked = select(RepoName.key, RepoName.look).where(
        RepoName.owner_id == owner.id, RepoName.kind == kind, RepoName.repo_id == repo_id
    )
    own = {row.key: row.look for row in tx.connection.execute(asked)}
    if key in own:
        return
    row = {
        "owner_id": owner.id,
        "kind": kind,
        "key": key,
        "look": None if look in own.values() else look,
        "repo_id": repo_id,
        "since": tx.now,
    }
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(insert(RepoName), row)
    except IntegrityError:
        raise Conflict(
            f"A {kind} repository called {owner.name}/{name} already exists", code="RepoExists"
        ) from None


def renamed(
    tx: Tx,
    actor: Actor,
    repo: Repo,
    *,
    to_owner: str,
    to_name: str,
    held_by: HeldBy | None = None,
    by_decision: bool = False,
) -> Repo:
    """Give a repository another name or owner; the old name leads to the new one.

    `by_decision`: its commons gives it away, so nobody's right to receive it is asked.
    """
    repo = queries.by_id(tx, repo.id)
    guarded.require_ordinary(repo, hub=tx.ground.settings.url, act="moved")
    owner = (
        identity.account(tx, to_owner) if by_decision else owner_for(tx, actor, to_owner, repo.kind)
    )
    name = clean_repo_name(to_name, repo.kind)
    claim(tx, owner, repo.kind, name, repo.id)
    tx.connection.execute(
        update(RepoRow)
        .where(RepoRow.id == repo.id)
        .values(
            owner_id=owner.id,
            name=name,
            name_key=fold(name),
            held_by=held_by or (repo.held_by if owner.id == repo.owner_id else usual_holder(owner)),
            updated_at=tx.now,
        )
    )
    made = queries.by_id(tx, repo.id)
    earlier = {} if repo.is_private else {"earlier": repo.address}
    record(tx, actor, "moved", made, **earlier, **where_refs_are(tx, repo.id))
    return made


def settled(tx: Tx, actor: Actor, repo: Repo, **changed: Any) -> Repo:
    """Change columns of a repository's row, with one event that says which."""
    tx.connection.execute(
        update(RepoRow).where(RepoRow.id == repo.id).values(**changed, updated_at=tx.now)
    )
    made = queries.by_id(tx, repo.id)
    record(tx, actor, "changed", made, settings=changed)
    return made


def given_up(tx: Tx, actor: Actor, repo: Repo, *, by: str | None = None) -> None:
    """Delete a repository: at once for everybody, its bytes after a grace, its name never free.

    `by`: what its tombstone says of who decided so.
    """
    guarded.require_ordinary(repo, hub=tx.ground.settings.url, act="deleted")
    done = tx.connection.execute(
        update(RepoRow)
        .where(RepoRow.id == repo.id, RepoRow.deleted_at.is_(None))
        .values(deleted_at=tx.now, updated_at=tx.now, disabled_reason=by)
    )
    if done.rowcount != 1:
        raise rules.unknown_repo()
    tx.enqueue("repos.purge", {"repo_id": repo.id}, key=f"purge:{repo.id}", delay=PURGE_GRACE)
    record(tx, actor, "deleted", repo)
