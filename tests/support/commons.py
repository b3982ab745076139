"""A small commons to try things in: an organisation, its charter, and who belongs to it."""

from dataclasses import dataclass, field

from iriai.base.tx import Ground
from iriai.commons import actions as founding
from iriai.commons import enactment, jobs
from iriai.commons.charter import presets, reading, register
from iriai.commons.charter.rules import Action
from iriai.commons.membership.tables import Member, Seat
from iriai.commons.proposals import actions, queries, voting
from iriai.identity import actions as identity
from iriai.identity.rules import OPERATOR, Actor, Role


@dataclass
class Town:
    """A commons called `lab`; `ground.clock` stands until it is told to move."""

    ground: Ground
    people: dict[str, Actor] = field(default_factory=dict)
    commons_id: int = 0
    account_id: int = 0
    name: str = "lab"

    def person(self, name: str) -> Actor:
        """Somebody with an account, and with the organisation's roles that they have now."""
        if name not in self.people:
            made = identity.add_person(self.ground, OPERATOR, name=name)
            self.people[name] = Actor(id=made.id, name=name)
        return self.people[name]

    def role(self, name: str, role: Role | None) -> None:
        """Give somebody a role in the organisation, as their actor shows it."""
        actor = self.person(name)
        roles = {} if role is None else {self.account_id: role}
        self.people[name] = Actor(id=actor.id, name=name, roles=roles)

    def found(self, preset: str = "university", *members: str, text: str | None = None) -> "Town":
        """Found the commons: the first member makes it, all are electors from the first day."""
        first = self.person(members[0])
        with self.ground.write() as tx:
            made = founding.found_organisation(tx, first, name=self.name)
            self.commons_id, self.account_id = made.commons_id, made.id
        self.role(members[0], Role.ADMIN)
        self.charter(text or presets.text(preset, self.name))
        for name in members:
            self.join(name)
        return self

    def charter(self, text: str) -> None:
        """Put a charter into force."""
        with self.ground.write() as tx:
            register.enter(tx, self.commons_id, text, decision="founding")
            tx.record(self.commons_id, "system:test", "founded", f"charter/{self.name}")

    def preset(self, preset: str, **changed: str) -> str:
        """A preset's text, with words replaced in it."""
        made = presets.text(preset, self.name)
        for before, after in changed.items():
            made = made.replace(before.replace("__", " "), after)
        reading.read(made)
        return made

    def join(self, name: str, *, is_founder: bool = True, state: str = "member") -> Actor:
        """Make somebody a member."""
        actor = self.person(name)
        with self.ground.write() as tx:
            tx.session.add(
                Member(
                    commons_id=self.commons_id,
                    account_id=actor.id,
                    kind="person",
                    state=state,
                    is_founder=is_founder,
                    since=tx.now,
                    state_at=tx.now,
                )
            )
            tx.record(self.commons_id, "system:test", "admitted", f"member/{self.name}/{name}")
        if name not in self.people or not self.people[name].roles:
            self.role(name, Role.CONTRIBUTOR)
        return self.people[name]

    def seat(self, name: str, role: str, *, days: int = 365, repo_id: int | None = None) -> None:
        """Give somebody an office."""
        from datetime import timedelta

        with self.ground.write() as tx:
            tx.session.add(
                Seat(
                    commons_id=self.commons_id,
                    role=role,
                    holder_id=self.person(name).id,
                    repo_id=repo_id,
                    starts_at=tx.now,
                    ends_at=tx.now + timedelta(days=days),
                    term=1,
                )
            )
            tx.record(self.commons_id, "system:test", "seated", f"seat/{self.name}/{role}")
        if repo_id is None:
            self.role(name, Role.WRITE)

    def propose(self, name: str, action: str = "statement", **how):
        """Propose something."""
        payload = how.pop("payload", {"text": "We like tea."})
        with self.ground.write() as tx:
            return enactment.propose(
                tx,
                self.person(name),
                self.commons_id,
                action=Action(action),
                payload=payload,
                **how,
            )

    def second(self, name: str, number: int):
        with self.ground.write() as tx:
            return actions.second(tx, self.person(name), self.commons_id, number)

    def object(self, name: str, number: int, reason: str = "It would cost us the summer school."):
        with self.ground.write() as tx:
            return actions.object_(tx, self.person(name), self.commons_id, number, reason=reason)

    def vote(self, name: str, number: int, *marks, **how):
        with self.ground.write() as tx:
            return voting.vote(
                tx, self.person(name), self.commons_id, number, marks=list(marks), **how
            )

    def tick(self, **by: float) -> None:
        """Let time go by, and the clock of the commons strike."""
        if by:
            self.ground.clock.advance(**by)
        jobs.tick(self.ground, {})

    def see(self, number: int):
        with self.ground.read() as tx:
            return queries.proposal(tx, self.commons_id, number)

    def tally(self, number: int):
        with self.ground.read() as tx:
            return queries.tally(tx, queries.proposal(tx, self.commons_id, number))
