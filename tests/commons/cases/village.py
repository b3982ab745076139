"""A village with a few people and an organisation whose administrators act as stewards."""

from iriai.base.tx import Ground
from iriai.commons import actions as commons
from iriai.commons import queries as commons_queries
from iriai.commons.cases import actions, queries
from iriai.commons.enactment import cases as enacting
from iriai.identity import actions as identity
from iriai.identity import queries as people
from iriai.identity.rules import OPERATOR, Actor, Role
from iriai.repos import actions as repos
from iriai.repos import queries as repo_queries


class Village:
    """People by name, and what they do in cases, each in a transaction of its own."""

    def __init__(self, ground: Ground, clock, stewards: list[str], others: list[str]):
        self.ground, self.clock = ground, clock
        self.ids = {
            name: identity.add_person(ground, OPERATOR, name=name).id for name in stewards + others
        }
        first, *rest = stewards
        with ground.write() as tx:
            members = dict.fromkeys(rest, Role.ADMIN) | dict.fromkeys(others, Role.CONTRIBUTOR)
            commons.found_organisation(tx, self.actor(first, tx), name="tales", members=members)
        with ground.write() as tx:
            self.id = commons_queries.commons(tx, "tales").id

    def actor(self, name: str, tx=None) -> Actor:
        if tx is not None:
            return people.actor(tx, self.ids[name])
        with self.ground.read() as reading:
            return people.actor(reading, self.ids[name])

    def model(self, by: str, name: str = "tiny") -> str:
        repos.create(self.ground, self.actor(by), kind="model", owner="tales", name=name)
        return f"repo/tales/{name}"

    def repo(self, viewer: str, name: str = "tiny"):
        with self.ground.read() as tx:
            return repo_queries.repo(tx, self.actor(viewer, tx), "model", f"tales/{name}")

    def repo_owner(self) -> int:
        with self.ground.read() as tx:
            return people.account(tx, "tales").id

    def report(self, by: str, subject: str, words: str = "Look at this.", **more) -> int:
        with self.ground.write() as tx:
            made = actions.report(
                tx, self.actor(by, tx), subject=subject, words=words, commons_id=self.id, **more
            )
            return made.number

    def charge(self, by: str, number: int, ground: str = "") -> None:
        self.act(
            actions.charge,
            by,
            number,
            rule="Be kind.",
            facts="It was not.",
            asked="Be kind.",
            ground=ground,
        )

    def decide(self, by: str, number: int, rung: str):
        return self.act(enacting.decide, by, number, rung=rung, reasons="It was repeated.")

    def act(self, action, by: str, number: int, **more):
        with self.ground.write() as tx:
            found = queries.row(tx, self.id, number)
            return action(tx, self.actor(by, tx), found, **more)

    def case(self, number: int):
        with self.ground.read() as tx:
            return queries.row(tx, self.id, number)

    def sanctioned(self, who: str, rung: str, by: str, ground: str = "") -> int:
        """A case against somebody that ended with this rung."""
        number = self.report(by, f"account/{who}")
        self.charge(by, number, ground)
        self.clock.advance(days=3)
        assert self.decide(by, number, rung) is not None
        return number

    def tick(self, **by: float) -> None:
        if by:
            self.clock.advance(**by)
        enacting.due(self.ground)

    def panel(self, number: int):
        with self.ground.read() as tx:
            found = queries.panel_of_case(tx, queries.row(tx, self.id, number))
            return found, [] if found is None else queries.seats(tx, found.id)

    def say(self, by: str, number: int, verdict: str, rung: str = "") -> None:
        with self.ground.write() as tx:
            found = queries.panel_of_case(tx, queries.row(tx, self.id, number))
            enacting.say(
                tx, self.actor(by, tx), found, verdict=verdict, reasons="So we think.", rung=rung
            )

    def name(self, account_id: int) -> str:
        return next(name for name, number in self.ids.items() if number == account_id)

    def verbs(self) -> list[str]:
        from sqlalchemy import select

        from iriai.base.events import Event

        with self.ground.read() as tx:
            return list(tx.session.scalars(select(Event.verb).where(Event.commons_id == self.id)))
