"""Branches and tags, and making one commit of a branch's whole history.

The texts of refusals are Hugging Face's, which clients and their tests look for.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from sqlalchemy import func, select

from iriai.base.errors import Conflict, Invalid
from iriai.base.tx import Ground, Tx
from iriai.identity.rules import Actor
from iriai.repos import guarded, queries, rules
from iriai.repos.git import formats
from iriai.repos.git.packs import Packed, PackWriter
from iriai.repos.landing import Landed, add_pack, dropped_if_refused, lock, move_ref, store_pack
from iriai.repos.records import record
from iriai.repos.rules import HEADS, MAIN, PULLS, TAGS, HeldBy, Ref, Repo
from iriai.repos.signing import signature_of
from iriai.repos.tables import RefRow

MERGED_WALK_MAX = 5_000
"""So far back main is searched for a branch that is to go from what a commons holds."""

Ruling = Callable[[Tx, str, str], None]
Promised = Callable[[Tx, Repo], bool]
"""Whether a commons will hold a repository once its notice is over, so that its past stays."""


def create_branch(
    tx: Tx,
    actor: Actor,
    repo: Repo,
    name: str,
    revision: str | None = None,
    *,
    overwrite: bool = False,
    promised: Promised | None = None,
) -> Ref:
    """A new branch, from main or any revision; with `overwrite` in the place of one there is."""
    lock(tx, repo.id)
    repo = queries.by_id(tx, repo.id)
    rules.require_write(actor, repo)
    sha = queries.resolve(tx, repo, revision or "main")
    if overwrite:
        _make_room(tx, actor, repo, name, promised)
    return _created(tx, actor, repo, Ref(HEADS + rules.clean_ref(name), sha, sha))


def create_empty_branch(
    ground: Ground,
    actor: Actor,
    repo: Repo,
    name: str,
    *,
    overwrite: bool = False,
    promised: Promised | None = None,
) -> Ref:
    """A new branch that shares nothing with the others: one commit without files."""
    rules.require_write(actor, repo)
    author = signature_of(ground, actor)
    raw = formats.commit_bytes(formats.EMPTY_TREE, [], author, author, "initial commit")
    with PackWriter(ground.store.staging()) as writer:
        writer.add("tree", b"")
        sha = writer.add("commit", raw).hex()
        packed = writer.finish()
    store_pack(ground, repo.id, packed)
    with dropped_if_refused(ground, repo.id, packed), ground.write() as tx:
        lock(tx, repo.id)
        repo = queries.by_id(tx, repo.id)
        if overwrite:
            _make_room(tx, actor, repo, name, promised)
        add_pack(tx, repo.id, packed)
        return _created(tx, actor, repo, Ref(HEADS + rules.clean_ref(name), sha, sha))


def _make_room(tx: Tx, actor: Actor, repo: Repo, name: str, promised: Promised | None) -> None:
    """Delete the branch of this name, if there is one that may be deleted."""
    if queries.ref(tx, repo.id, HEADS + name.removeprefix(HEADS)) is not None:
        delete_branch(tx, actor, repo, name, promised=promised)


def delete_branch(
    tx: Tx, actor: Actor, repo: Repo, name: str, *, promised: Promised | None = None
) -> None:
    """A branch less; main stays."""
    lock(tx, repo.id)
    repo = queries.by_id(tx, repo.id)
    rules.require_write(actor, repo)
    full = HEADS + name.removeprefix(HEADS)
    if full == MAIN:
        raise Invalid(f"Cannot delete {MAIN}", code="RefProtected")
    _deleted(tx, actor, repo, full, promised)


def create_tag(  # noqa: PLR0917 - as doors say it
    ground: Ground,
    actor: Actor,
    repo: Repo,
    name: str,
    revision: str = "main",
    message: str | None = None,
) -> Ref:
    """A name for a revision; with a message an object of its own that says who gave it and when."""
    full = TAGS + rules.clean_ref(name)
    with ground.read() as tx:
        repo = queries.by_id(tx, repo.id)
        rules.require_write(actor, repo)
        commit = queries.resolve(tx, repo, revision)
        if queries.ref(tx, repo.id, full) is not None:
            raise rules.reference_exists(full)
    if not message:
        with ground.write() as tx:
            lock(tx, repo.id)
            repo = queries.by_id(tx, repo.id)
            queries.resolve(tx, repo, commit)  # it may be removed by now
            return _created(tx, actor, repo, Ref(full, commit, commit))
    tagger = signature_of(ground, actor)
    raw = formats.tag_bytes(commit, name, tagger, message[: rules.DESCRIPTION_LENGTH_MAX])
    packed, sha = _packed(ground, "tag", raw)
    store_pack(ground, repo.id, packed)
    with dropped_if_refused(ground, repo.id, packed), ground.write() as tx:
        lock(tx, repo.id)
        repo = queries.by_id(tx, repo.id)
        queries.resolve(tx, repo, commit)
        add_pack(tx, repo.id, packed)
        return _created(tx, actor, repo, Ref(full, sha, commit))


def delete_tag(
    tx: Tx, actor: Actor, repo: Repo, name: str, *, promised: Promised | None = None
) -> None:
    """A tag less."""
    lock(tx, repo.id)
    repo = queries.by_id(tx, repo.id)
    rules.require_write(actor, repo)
    _deleted(tx, actor, repo, TAGS + name.removeprefix(TAGS), promised)


def squash(
    ground: Ground,
    actor: Actor,
    repo: Repo,
    revision: str,
    message: str,
    *,
    rule: Ruling | None = None,
) -> Landed:
    """One commit with all that a branch or pull request has now, and nothing before it.

    `rule` is told the ref and the commit, and asked in the transaction that moves it.
    """
    with ground.read() as tx:
        repo = queries.by_id(tx, repo.id)
        ref = queries.named(tx, repo.id, revision)
        if ref is None or not ref.name.startswith((HEADS, PULLS)):
            raise rules.unknown_revision(revision)
        rules.require_commit_to(actor, repo, ref)
        guarded.require_by_hand(repo, ref.name, hub=ground.settings.url)
        guarded.require_history_kept(repo, ref.name, hub=ground.settings.url)
    tree = queries.objects(ground, repo.id).commit(ref.commit).tree
    author = signature_of(ground, actor)
    title, _, description = message.partition("\n")
    text = rules.commit_message(title, description)
    raw = formats.commit_bytes(bytes.fromhex(tree), [], author, author, text)
    packed, sha = _packed(ground, "commit", raw)
    store_pack(ground, repo.id, packed)
    with dropped_if_refused(ground, repo.id, packed), ground.write() as tx:
        lock(tx, repo.id)
        repo = queries.by_id(tx, repo.id)
        rules.require_commit_to(actor, repo, ref)
        guarded.require_history_kept(repo, ref.name, hub=ground.settings.url)
        if rule is not None:
            rule(tx, ref.name, sha)
        if not move_ref(tx, repo.id, ref.name, old=ref.sha, new=sha):
            raise Conflict(rules.STALE, code="BranchMoved")
        add_pack(tx, repo.id, packed)
        record(tx, actor, "squashed", repo, ref=ref.name, old=ref.commit, sha=sha)
    head = sha if ref.name == MAIN else repo.head
    return Landed(replace(repo, head=head), ref.name, ref.commit, sha, moved={ref.name: sha})


def _created(tx: Tx, actor: Actor, repo: Repo, ref: Ref) -> Ref:
    rules.require_write(actor, repo)
    count = tx.connection.execute(
        select(func.count()).select_from(RefRow).where(RefRow.repo_id == repo.id)
    ).scalar_one()
    rules.require_room_for_refs(count)
    if not move_ref(tx, repo.id, ref.name, old=None, new=ref.sha, commit=ref.commit):
        raise rules.reference_exists(ref.name)
    tag = {} if ref.sha == ref.commit else {"tag": ref.sha}
    record(tx, actor, "created ref of", repo, ref=ref.name, sha=ref.commit, **tag)
    return ref


def _deleted(tx: Tx, actor: Actor, repo: Repo, name: str, promised: Promised | None) -> None:
    if promised is not None and promised(tx, repo):
        repo = replace(repo, held_by=HeldBy.COMMONS)
    found = queries.ref(tx, repo.id, name)
    if found is None:
        raise rules.unknown_revision(name)
    if not (name.startswith(HEADS) and _is_in_main(tx, repo, found)):
        guarded.require_history_kept(repo, name, hub=tx.ground.settings.url)
    if not move_ref(tx, repo.id, name, old=found.sha, new=None):
        raise Conflict(rules.STALE, code="BranchMoved")
    record(tx, actor, "deleted ref of", repo, ref=name, sha=found.commit)


def _is_in_main(tx: Tx, repo: Repo, ref: Ref) -> bool:
    """Whether main has all that a branch has, so that nothing goes with it."""
    if repo.held_by is not HeldBy.COMMONS or repo.head is None:
        return False
    objects = queries.objects(tx.ground, repo.id)
    walked = islice(objects.commits(repo.head), MERGED_WALK_MAX)
    return any(commit.sha == ref.commit for commit in walked)


def _packed(ground: Ground, kind: str, raw: bytes) -> tuple[Packed, str]:
    """A pack of one object."""
    with PackWriter(ground.store.staging()) as writer:
        sha = writer.add(kind, raw).hex()
        return writer.finish(), sha
