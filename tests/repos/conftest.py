"""People, an organisation and a repository to try things on."""

import hashlib
from dataclasses import dataclass

import pytest

from iriai.base.tx import Ground
from iriai.blobs.receiving import receive_object
from iriai.commons import actions as commons
from iriai.identity import actions as identity
from iriai.identity import queries as people
from iriai.identity.rules import OPERATOR, Actor, Role
from iriai.repos import actions, queries
from iriai.repos.actions import Add
from iriai.repos.git.objects import Objects
from iriai.repos.rules import Repo


@dataclass
class Town:
    """A hub with ada, bob and eve; ada administers the organisation `lab`, bob contributes."""

    ground: Ground
    ada: Actor
    bob: Actor
    eve: Actor

    def repo(self, name="tiny", *, owner="ada", actor=None, **more) -> Repo:
        given = {"kind": "model"} | more
        return actions.create(self.ground, actor or self.ada, owner=owner, name=name, **given)

    def again(self, repo: Repo) -> Repo:
        with self.ground.read() as tx:
            return queries.by_id(tx, repo.id)

    def objects(self, repo: Repo) -> Objects:
        return queries.objects(self.ground, repo.id)

    def commit(self, repo: Repo, files: dict[str, bytes], *, actor=None, title="change", **more):
        operations = [Add(path, content) for path, content in files.items()]
        return actions.commit(self.ground, actor or self.ada, repo, operations, title=title, **more)

    def send(self, repo: Repo, content: bytes) -> str:
        """Large bytes, as a writer of this repository sends them."""
        sha256 = hashlib.sha256(content).hexdigest()
        staged = self.ground.store.staging() / sha256
        staged.write_bytes(content)
        receive_object(self.ground, repo.id, sha256, len(content), staged)
        return sha256

    def read(self, repo: Repo, path: str, revision="main") -> bytes:
        with self.ground.read() as tx:
            sha = queries.resolve(tx, repo, revision)
        return self.objects(repo).blob(self.objects(repo).file(sha, path).oid)

    def paths(self, repo: Repo, revision="main") -> set[str]:
        with self.ground.read() as tx:
            sha = queries.resolve(tx, repo, revision)
        found = self.objects(repo).tree(sha, recursive=True).entries
        return {entry.path for entry in found if hasattr(entry, "size")}


def settled(ground: Ground) -> Town:
    actors = {}
    for name in ("ada", "bob", "eve"):
        identity.add_person(ground, OPERATOR, name=name)
    with ground.write() as tx:
        commons.found_organisation(
            tx, OPERATOR, name="lab", members={"ada": Role.ADMIN, "bob": Role.CONTRIBUTOR}
        )
    with ground.read() as tx:
        actors = {name: people.actor_named(tx, name) for name in ("ada", "bob", "eve")}
    return Town(ground, **actors)


@pytest.fixture
def town(ground) -> Town:
    return settled(ground)


@pytest.fixture
def any_town(any_ground) -> Town:
    return settled(any_ground)
