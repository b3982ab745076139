"""The repository in which a commons keeps its charter: made by the hub, once, with its files."""

from collections.abc import Mapping

from sqlalchemy import insert, select

from iriai.base.names import fold
from iriai.base.tx import Ground, Tx
from iriai.identity.rules import Actor
from iriai.identity.tables import Account
from iriai.repos import large, queries, register
from iriai.repos.git import formats
from iriai.repos.git.entries import FILE_MODE
from iriai.repos.git.packs import Packed, PackWriter
from iriai.repos.git.trees import Leaf, TreeEdit
from iriai.repos.guarded import CHARTER_NAME
from iriai.repos.landing import add_pack, dropped_if_refused, move_ref, store_pack
from iriai.repos.records import record
from iriai.repos.rules import MAIN, HeldBy, Kind, Repo, Visibility
from iriai.repos.signing import signature_of
from iriai.repos.tables import RepoId, RepoName, RepoRow

HUB_ACTOR = Actor(id=None, name="system:charter", is_operator=True)


def find(tx: Tx, owner_id: int) -> Repo | None:
    """The charter's repository of this organisation, if it is made."""
    asked = select(RepoName.repo_id).where(
        RepoName.owner_id == owner_id,
        RepoName.kind == Kind.DATASET.value,
        RepoName.key == fold(CHARTER_NAME),
    )
    found = tx.connection.execute(asked).scalar()
    return None if found is None else queries.by_id(tx, int(found))


def make(ground: Ground, owner_id: int, files: Mapping[str, bytes], *, held_by: HeldBy) -> Repo:
    """Make it, unless it is there: public, with these files in its first commit."""
    with ground.write() as tx:
        present = find(tx, owner_id)
        if present is not None:
            return present
        taken = insert(RepoId).values(taken_at=tx.now).returning(RepoId.id)
        repo_id = int(tx.connection.execute(taken).scalar_one())
    packed, sha = _first_commit(ground, files)
    store_pack(ground, repo_id, packed)
    with dropped_if_refused(ground, repo_id, packed), ground.write() as tx:
        owner = tx.session.get_one(Account, owner_id)
        row = {
            "id": repo_id,
            "kind": Kind.DATASET.value,
            "owner_id": owner_id,
            "name": CHARTER_NAME,
            "name_key": fold(CHARTER_NAME),
            "visibility": Visibility.PUBLIC.value,
            "held_by": held_by.value,
            "created_at": tx.now,
            "updated_at": tx.now,
        }
        tx.connection.execute(insert(RepoRow).values(row))
        register.claim(tx, owner, Kind.DATASET, CHARTER_NAME, repo_id)
        move_ref(tx, repo_id, MAIN, old=None, new=sha)
        add_pack(tx, repo_id, packed)
        made = queries.by_id(tx, repo_id)
        record(tx, HUB_ACTOR, "created", made, sha=sha)
    return made


def _first_commit(ground: Ground, files: Mapping[str, bytes]) -> tuple[Packed, str]:
    with PackWriter(ground.store.staging()) as writer:
        edit = TreeEdit(lambda _: b"", None)
        for path, content in {".gitattributes": large.gitattributes(Kind.DATASET), **files}.items():
            edit.put(path, Leaf(FILE_MODE, writer.add("blob", content)))
        tree = edit.write(writer.add, lambda *_: None) or formats.EMPTY_TREE
        author = signature_of(ground, HUB_ACTOR)
        raw = formats.commit_bytes(tree, [], author, author, "The charter in force")
        sha = writer.add("commit", raw).hex()
        return writer.finish(), sha
