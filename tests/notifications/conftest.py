"""A hub of ada, bob and cleo, and what concerns them."""

from dataclasses import dataclass

import pytest

from iriai.base import cursors, events
from iriai.base.tx import Ground
from iriai.commons import enactment
from iriai.discussions import actions as discussions
from iriai.identity import actions as identity
from iriai.identity import queries as people
from iriai.identity.rules import OPERATOR, Actor
from iriai.notifications import actions, noticing, queries, wording
from iriai.repos import actions as repos
from iriai.repos import queries as repos_queries


@dataclass
class Village:
    """Ada has a repository; the others read it."""

    ground: Ground

    def actor(self, name) -> Actor:
        with self.ground.read() as tx:
            return people.actor_named(tx, name)

    def person(self, name, **more) -> Actor:
        identity.add_person(self.ground, OPERATOR, name=name, **more)
        return self.actor(name)

    def repo(self, full_name="ada/tiny"):
        with self.ground.read() as tx:
            owner = self.actor(full_name.partition("/")[0])
            return repos_queries.repo(tx, owner, "model", full_name)

    def open(self, name, title="A question", text="", repo=None):
        with self.ground.write() as tx:
            made = discussions.open_discussion(
                tx, self.actor(name), repo or self.repo(), title=title, description=text
            )
        return made.number

    def say(self, name, number, text="Well", repo=None):
        with self.ground.write() as tx:
            to = repo or self.repo()
            return discussions.comment(tx, self.actor(name), to, number, text=text)

    def edit(self, name, number, key, text):
        with self.ground.write() as tx:
            discussions.edit_comment(tx, self.actor(name), self.repo(), number, key, text=text)

    def close(self, name, number):
        with self.ground.write() as tx:
            discussions.change_status(tx, self.actor(name), self.repo(), number, status="closed")

    def choose(self, name, level, number=None):
        with self.ground.write() as tx:
            actions.subscribe(tx, self.actor(name), self.repo(), number, level)

    def commit(self, *operations, **more):
        return enactment.commit(
            self.ground, self.actor("ada"), self.repo(), operations=operations, title="x", **more
        )

    def read_log(self):
        events.seal(self.ground)
        cursors.read_on(self.ground, "notifications", noticing.take)

    def noted(self, name, **more):
        self.read_log()
        with self.ground.read() as tx:
            return queries.notifications(tx, self.actor(name), **more)

    def told(self, name):
        """What concerns somebody: why, and in words, the oldest first."""
        found = self.noted(name)[::-1]
        return [(str(each.notification.reason), wording.sentence(each)) for each in found]


@pytest.fixture
def village(any_ground) -> Village:
    made = Village(any_ground)
    for name in ("ada", "bob", "cleo"):
        made.person(name, email=f"{name}@example.org")
    repos.create(any_ground, made.actor("ada"), kind="model", owner="ada", name="tiny")
    made.read_log()
    return made
