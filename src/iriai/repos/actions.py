"""What can be done with repositories. Each action is one change and one event.

Those that make git objects take the ground and open their own transactions, because packs are
written before one opens; the others take the `tx` of their caller.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert

from iriai.base.errors import Invalid
from iriai.base.names import clean_repo_name, fold
from iriai.base.tx import Ground, Tx
from iriai.blobs import actions as blob_actions
from iriai.blobs import queries as blob_queries
from iriai.identity.rules import Actor
from iriai.repos import guarded, large, queries, register, room, rules, withheld
from iriai.repos.commits import Judge, Prepared, commit, land
from iriai.repos.git import formats, repack
from iriai.repos.git.entries import FILE_MODE, Signature
from iriai.repos.git.packs import Packed, PackWriter
from iriai.repos.git.trees import Leaf, TreeEdit
from iriai.repos.landing import (
    Landed,
    add_pack,
    dropped_if_refused,
    lock,
    move_ref,
    store_pack,
    take_number,
)
from iriai.repos.operations import Add, AddLarge, Copy, DeleteFile, DeleteFolder, Operation
from iriai.repos.records import record, where_refs_are
from iriai.repos.refs import (
    create_branch,
    create_empty_branch,
    create_tag,
    delete_branch,
    delete_tag,
    squash,
)
from iriai.repos.rules import HEADS, MAIN, TAGS, Gated, HeldBy, Kind, Repo, Visibility
from iriai.repos.signing import signature_of
from iriai.repos.tables import RepoId, RepoRow

__all__ = [
    "Add",
    "AddLarge",
    "Copy",
    "DeleteFile",
    "DeleteFolder",
    "Judge",
    "Landed",
    "Operation",
    "Prepared",
    "commit",
    "create_branch",
    "create_empty_branch",
    "create_tag",
    "delete_branch",
    "delete_tag",
    "land",
    "squash",
    "take_number",
]

SDKS = ("gradio", "streamlit", "docker", "static")


class _Unset:
    """A setting that is not to change."""


UNSET = _Unset()


def create(
    ground: Ground,
    actor: Actor,
    *,
    kind: str,
    owner: str,
    name: str,
    visibility: str = Visibility.PUBLIC,
    sdk: str | None = None,
    held_by: HeldBy | None = None,
    first: Callable[[Tx], None] | None = None,
    witness: Callable[[Tx], None] | None = None,
) -> Repo:
    """A new repository whose first commit says which files are large ones, and a space's its sdk.

    `held_by`: as its owner's commons has it; `enactment` says so. `first` and `witness` are
    called in the transaction that makes it, as it begins and at its end.
    """
    kind, visibility = Kind(kind), Visibility(visibility)
    name = _clean_new_name(ground, actor, kind, owner, name)
    require_visibility(kind, visibility)
    if sdk is not None and sdk not in SDKS:
        raise Invalid(f"A space's sdk is one of {', '.join(SDKS)}.")
    with ground.read() as tx:
        account = register.owner_for(tx, actor, owner, kind)
        register.require_free(tx, account, kind, name)
    repo_id = _taken_id(ground)
    files = {".gitattributes": large.gitattributes(kind)}
    if kind is Kind.SPACE and sdk is not None:
        files |= rules.space_files(name, sdk)
    packed, sha = _first_commit(ground, files, signature_of(ground, actor))
    store_pack(ground, repo_id, packed)
    with dropped_if_refused(ground, repo_id, packed), ground.write() as tx:
        if first is not None:
            first(tx)
        seed = _Seed(repo_id, kind, owner, name, visibility, sdk, held_by)
        _insert(tx, actor, seed)
        move_ref(tx, repo_id, MAIN, old=None, new=sha)
        add_pack(tx, repo_id, packed)
        made = queries.by_id(tx, repo_id)
        record(tx, actor, "created", made, sha=sha)
        if witness is not None:
            witness(tx)
    return made


def _clean_new_name(ground: Ground, actor: Actor, kind: Kind, owner: str, name: str) -> str:
    """A name fit for a new repository; `Conflict` where the hub's own has a reserved one already.

    Clients that upload make a repository first, and go on when they hear that it is there: so one
    proposes another charter.
    """
    try:
        return clean_repo_name(name, kind)
    except Invalid as fault:
        if fault.code == "NameReserved":
            with ground.read() as tx:
                account = register.owner_for(tx, actor, owner, kind)
                register.require_free(tx, account, kind, name.strip())
        raise


def duplicate(  # noqa: PLR0917 - whose, what, from where, to where, for whom
    ground: Ground,
    actor: Actor,
    source: Repo,
    owner: str,
    name: str,
    visibility: str | None = None,
    held_by: HeldBy | None = None,
) -> Repo:
    """A copy of a repository: its branches and tags with all their history, its large files.

    Refused while something in it is held or was removed, as cloning it is.
    """
    name = clean_repo_name(name, source.kind)
    seen = Visibility(visibility or source.visibility)
    require_visibility(source.kind, seen)
    with ground.read() as tx:
        rules.require_read(actor, queries.by_id(tx, source.id, actor))
        withheld.require_served(tx, source)
        account = register.owner_for(tx, actor, owner, source.kind)
        register.require_free(tx, account, source.kind, name)
        refs = [each for each in queries.refs(tx, source) if each.name.startswith((HEADS, TAGS))]
    repo_id = _taken_id(ground)
    objects = queries.objects(ground, source.id)
    tips = {each.sha for each in refs}
    with (
        objects.view() as git_dir,
        repack.reachable(git_dir, tips, ground.store.staging()) as packed,
    ):
        store_pack(ground, repo_id, packed)
    with dropped_if_refused(ground, repo_id, packed), ground.write() as tx:
        lock(tx, source.id)
        now = queries.by_id(tx, source.id, actor)
        rules.require_read(actor, now)
        withheld.require_served(tx, now)  # it may have been held or removed meanwhile
        _insert(tx, actor, _Seed(repo_id, source.kind, owner, name, seen, source.sdk, held_by))
        for each in refs:
            move_ref(tx, repo_id, each.name, old=None, new=each.sha, commit=each.commit)
        add_pack(tx, repo_id, packed)
        _lend(tx, actor, source, repo_id)
        made = queries.by_id(tx, repo_id)
        room.require(tx, made)
        facts = {} if source.is_private else {"source": source.address}
        record(tx, actor, "duplicated", made, **facts, **where_refs_are(tx, repo_id))
    return made


def _lend(tx: Tx, actor: Actor, source: Repo, repo_id: int) -> None:
    """Let a repository read every large file that another holds."""
    held = blob_queries.held_since(tx, source.id)
    own = queries.lendable_ids(tx, actor, repo_id=source.id)
    blob_actions.link(tx, repo_id, held, readable=own)


def change_settings(
    tx: Tx,
    actor: Actor,
    repo: Repo,
    *,
    visibility: str | None = None,
    gated: Gated | _Unset | None = UNSET,
    discussions_disabled: bool | None = None,
) -> Repo:
    """Change who sees a repository, how it is gated, and whether it can be discussed."""
    lock(tx, repo.id)
    repo = queries.by_id(tx, repo.id)
    rules.require_administer(actor, repo)
    guarded.require_ordinary(repo, hub=tx.ground.settings.url, act="hidden, gated or silenced")
    changed: dict[str, Any] = {}
    if visibility is not None:
        require_visibility(repo.kind, Visibility(visibility))
        changed["visibility"] = Visibility(visibility)
    if not isinstance(gated, _Unset):
        changed["gated"] = gated
    if discussions_disabled is not None:
        changed["discussions_disabled"] = discussions_disabled
    if not changed:
        return repo
    return register.settled(tx, actor, repo, **changed)


def delete(tx: Tx, actor: Actor, repo: Repo) -> None:
    """Delete one's own repository; its name is never free again, its bytes go after a grace."""
    lock(tx, repo.id)
    repo = queries.by_id(tx, repo.id)
    rules.require_own(actor, repo, propose_at=_propose_at(tx, repo), act="delete")
    register.given_up(tx, actor, repo)


def move(
    tx: Tx,
    actor: Actor,
    repo: Repo,
    *,
    to_owner: str,
    to_name: str,
    held_by: HeldBy | None = None,
) -> Repo:
    """Give one's own repository another name or owner; the old name leads to the new one."""
    lock(tx, repo.id)
    repo = queries.by_id(tx, repo.id)
    rules.require_own(actor, repo, propose_at=_propose_at(tx, repo), act="move")
    return register.renamed(tx, actor, repo, to_owner=to_owner, to_name=to_name, held_by=held_by)


def _propose_at(tx: Tx, repo: Repo) -> str:
    return f"{tx.ground.settings.url}/commons/{repo.owner}/proposals"


def require_visibility(kind: Kind, visibility: Visibility) -> None:
    """Only a space is protected."""
    if visibility is Visibility.PROTECTED and kind is not Kind.SPACE:
        raise Invalid(f"Only a space can be protected; a {kind} is public or private.")


def _taken_id(ground: Ground) -> int:
    """A number for a repository that is about to be."""
    with ground.write() as tx:
        taken = tx.connection.execute(
            insert(RepoId).values(taken_at=tx.now).returning(RepoId.id)
        ).scalar_one()
    return int(taken)


@dataclass(frozen=True, slots=True)
class _Seed:
    """What a repository is when it begins."""

    repo_id: int
    kind: Kind
    owner: str
    name: str
    visibility: Visibility
    sdk: str | None
    held_by: HeldBy | None


def _insert(tx: Tx, actor: Actor, seed: _Seed) -> None:
    """The repository's own row and its name, judged once more in the transaction."""
    account = register.owner_for(tx, actor, seed.owner, seed.kind)
    row = {
        "id": seed.repo_id,
        "kind": seed.kind,
        "owner_id": account.id,
        "name": seed.name,
        "name_key": fold(seed.name),
        "visibility": seed.visibility,
        "held_by": seed.held_by or register.usual_holder(account),
        "creator_id": actor.id,
        "discussions_disabled": False,
        "held_is_gone": False,
        "is_delisted": False,
        "has_withheld": False,
        "sdk": seed.sdk,
        "created_at": tx.now,
        "updated_at": tx.now,
        "downloads": 0,
        "likes": 0,
        "git_bytes": 0,
        "next_number": 1,
    }
    tx.connection.execute(insert(RepoRow), row)
    register.claim(tx, account, seed.kind, seed.name, seed.repo_id)


def _first_commit(
    ground: Ground, files: Mapping[str, bytes], author: Signature
) -> tuple[Packed, str]:
    """The commit that every repository begins with."""
    with PackWriter(ground.store.staging()) as writer:
        edit = TreeEdit(lambda _: b"", None)
        for path, content in files.items():
            edit.put(path, Leaf(FILE_MODE, writer.add("blob", content)))
        tree = edit.write(writer.add, lambda *_: None) or formats.EMPTY_TREE
        raw = formats.commit_bytes(tree, [], author, author, "initial commit")
        sha = writer.add("commit", raw).hex()
        return writer.finish(), sha
