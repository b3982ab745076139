"""A hub of ada's and bob's that may call this machine, and somebody who listens."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from tests.support.receiver import Receiver

from iriai.base import cursors, events
from iriai.base.tx import Ground
from iriai.commons import enactment
from iriai.identity import actions as identity
from iriai.identity import queries as people
from iriai.identity.rules import OPERATOR, Actor
from iriai.repos import actions as repos
from iriai.repos import queries as repos_queries
from iriai.webhooks import actions, queries, telling
from iriai.webhooks.sending import send_due


@dataclass
class Village:
    """Ada has a repository, bob reads it; webhooks go to `receiver`."""

    ground: Ground
    receiver: Receiver
    clock: object

    def person(self, name) -> Actor:
        made = identity.add_person(self.ground, OPERATOR, name=name)
        return self.actor(made.name)

    def actor(self, name) -> Actor:
        with self.ground.read() as tx:
            return people.actor_named(tx, name)

    def repo(self, full_name="ada/tiny", kind="model"):
        with self.ground.read() as tx:
            owner = full_name.partition("/")[0]
            return repos_queries.repo(tx, self.actor(owner), kind, full_name)

    def make(self, owner="ada", name="tiny", kind="model", by=None, **more):
        return repos.create(
            self.ground, by or self.actor(owner), kind=kind, owner=owner, name=name, **more
        )

    def commit(self, *operations, actor=None, repo=None, **more):
        more.setdefault("title", "Change it")
        repo = repo or self.repo()
        return enactment.commit(
            self.ground, actor or self.actor("ada"), repo, operations=operations, **more
        )

    def hook(self, owner="ada", watched=(("user", "ada"),), path="/hook", **more):
        self.clock.advance(seconds=1)
        with self.ground.write() as tx:
            actor = self.actor(owner)
            url = more.pop("url", self.receiver.url + path)
            return actions.create(tx, actor, actor.id, url=url, watched=watched, **more)

    def seen(self, hook):
        """A webhook as it is now."""
        with self.ground.read() as tx:
            return queries.webhooks_by_id(tx, [hook.id])[0]

    def deliveries(self, hook):
        with self.ground.read() as tx:
            return queries.deliveries(tx, hook)[::-1]

    def tell(self):
        """What the worker does: seal, read, send."""
        events.seal(self.ground)
        cursors.read_on(self.ground, "webhooks", telling.take)
        send_due(self.ground)

    def heard(self):
        """What was told, after all that is due has been."""
        self.tell()
        return [each.json for each in self.receiver.received]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def village(any_ground, receiver, clock) -> Village:
    settings = replace(any_ground.settings, outbound_allow="127.0.0.0/8")
    made = Village(replace(any_ground, settings=settings), receiver, clock)
    for name in ("ada", "bob"):
        made.person(name)
    made.make()
    events.seal(made.ground)
    cursors.read_on(made.ground, "webhooks", telling.take)
    return made
