"""An app on a ground of its own, with ada and her things."""

from dataclasses import dataclass, field

import pytest
from tests.support.asgi import Answer, ask

from iriai import app
from iriai.base.tx import Ground
from iriai.commons import enactment
from iriai.identity import actions as identity
from iriai.identity import queries
from iriai.identity.rules import OPERATOR, Actor, Reach
from iriai.repos import actions
from iriai.repos.actions import Add
from iriai.repos.rules import Repo


@dataclass
class Door:
    """The app, and ways to fill and ask it."""

    ground: Ground
    hub: app.Hub
    tokens: dict[str, str] = field(default_factory=dict)

    def person(self, name: str) -> tuple[Actor, str]:
        identity.add_person(self.ground, OPERATOR, name=name)
        with self.ground.write() as tx:
            actor = queries.actor_named(tx, name)
            raw = identity.mint_token(tx, actor, name="laptop", role=Reach.WRITE).raw
        return actor, raw

    def repo(
        self, actor: Actor, name: str, *, kind: str = "model", owner: str = "", **more
    ) -> Repo:
        owner = owner or actor.name
        made = actions.create(self.ground, actor, kind=kind, owner=owner, name=name, **more)
        files = [
            Add("config.json", b'{"a": 1}'),
            Add("README.md", b"---\nlicense: mit\n---\n# A\n"),
        ]
        enactment.commit(self.ground, actor, made, operations=files, title="files")
        return made

    def ask(self, method: str, url: str, **more) -> Answer:
        return ask(self.hub, method, url, **more)


@pytest.fixture
def doors(ground):
    """The app with rate limits as they are by default."""
    return Door(ground, app.hub(ground))
