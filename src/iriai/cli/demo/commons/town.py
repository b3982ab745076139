"""What the people of the story can do: each act is one of the parts' own, as any door calls it.

Nobody writes a row here. What was done already, because the story was interrupted in the middle of
a chapter, is not done again: the parts refuse it, or it is found by its title.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from iriai.base import events
from iriai.base.errors import HubError, Unknown
from iriai.base.tx import Ground, Tx
from iriai.cli.demo.commons.past import Past
from iriai.commons import actions as founding
from iriai.commons import enactment, jobs
from iriai.commons import queries as commons
from iriai.commons.cases import queries as cases
from iriai.commons.charter.rules import Action
from iriai.commons.enactment import case_steps, people, removals
from iriai.commons.membership import offices
from iriai.commons.pot.reports import Report
from iriai.commons.proposals import actions, queries, voting
from iriai.commons.proposals.rules import State
from iriai.commons.removal import actions as removal
from iriai.commons.removal import queries as removal_queries
from iriai.commons.tlog import actions as tlog
from iriai.identity import actions as identity
from iriai.identity import queries as accounts
from iriai.identity.rules import ANYONE, OPERATOR, Actor, Role
from iriai.repos import queries as repositories
from iriai.repos.actions import Add
from iriai.repos.rules import Repo


@dataclass
class Town:
    """A commons, its people by name, and the ground they stand on."""

    ground: Ground
    past: Past
    name: str
    is_again: bool = False
    """Whether this chapter was begun before: then what is done already is passed over."""

    @property
    def id(self) -> int:
        """The commons' id."""
        with self.ground.read() as tx:
            return commons.commons(tx, self.name).id

    @property
    def is_there(self) -> bool:
        """Whether something has the commons' name already."""
        with self.ground.read() as tx:
            return accounts.find_account(tx, self.name) is not None

    def ballot(self, name: str, now: datetime) -> int | None:
        """The number of a proposal on which somebody can vote now; None if there is none."""
        voter = self.actor(name)
        with self.ground.read() as tx:
            for each in queries.open_(tx, self.id):
                late = each.due_at is not None and now >= each.due_at
                if each.state is State.VOTING and not late and queries.voters(tx, each, voter.id):
                    return each.number
        return None

    def actor(self, name: str) -> Actor:
        """Somebody, with the rights they have at this moment of the story."""
        with self.ground.read() as tx:
            return accounts.actor_named(tx, name)

    @contextlib.contextmanager
    def act(self) -> Iterator[Tx]:
        """One act, and a little time after it."""
        with self._passed_over(), self.ground.write() as tx:
            yield tx
        self.past.pass_()

    @contextlib.contextmanager
    def _passed_over(self) -> Iterator[None]:
        try:
            yield
        except HubError:
            if not self.is_again:
                raise

    def strike(self) -> None:
        """Let the clock of the commons strike, and sign the logs as they stand."""
        jobs.tick(self.ground, {})
        events.seal(self.ground)
        with self.ground.read() as tx:
            every = [each.id for each in commons.all_commons(tx) if events.head(tx, each.id).size]
        for each in every:
            tlog.checkpoint(self.ground, each)

    # -- people and their commons --------------------------------------------------------------

    def arrive(self, name: str, fullname: str, password: str | None = None) -> None:
        """Make an account for somebody."""
        with self._passed_over():
            identity.add_person(
                self.ground, OPERATOR, name=name, fullname=fullname, password=password
            )
        self.past.pass_()

    def found(self, founder: str, fullname: str, others: Iterable[str]) -> None:
        """Found the organisation, which begins under its owners."""
        with self.act() as tx:
            founding.found_organisation(
                tx,
                self.actor(founder),
                name=self.name,
                fullname=fullname,
                members=dict.fromkeys(others, Role.ADMIN),
            )
        enactment.publish_charter(self.ground, self.id)

    def apply(self, name: str, text: str, sponsors: Iterable[str]) -> None:
        """Ask to become a member; these give their word."""
        with self.act() as tx:
            people.apply(tx, self.actor(name), self.id, text=text)
        for each in sponsors:
            with self.act() as tx:
                people.sponsor(tx, self.actor(each), self.id, name=name)

    def stand(self, role: str, names: Iterable[str]) -> None:
        """Name oneself for an office."""
        for each in names:
            with self.act() as tx:
                offices.nominate(tx, self.actor(each), self.id, role=role, name=each)

    # -- decisions -----------------------------------------------------------------------------

    def propose(
        self, name: str, action: Action, payload: Mapping[str, Any], *, title: str, text: str = ""
    ) -> int:
        """Propose something, once. Gives its number."""
        with contextlib.suppress(Unknown):
            return self.numbered(title)
        with self.act() as tx:
            enactment.propose(
                tx,
                self.actor(name),
                self.id,
                action=action,
                payload=payload,
                title=title,
                text=text,
            )
        return self.numbered(title)

    def numbered(self, title: str) -> int:
        """The number of the newest proposal with this title."""
        with self.ground.read() as tx:
            for each in (*queries.open_(tx, self.id), *queries.closed(tx, self.id)):
                if each.title == title:
                    return each.number
        raise Unknown(f"Nobody has proposed “{title}” yet.", code="ProposalNotFound")

    def second(self, number: int, *names: str) -> None:
        """Stand behind a proposal."""
        for each in names:
            with self.act() as tx:
                actions.second(tx, self.actor(each), self.id, number)

    def object_to(self, name: str, number: int, reason: str) -> None:
        """Object with a reason."""
        with self.act() as tx:
            actions.object_(tx, self.actor(name), self.id, number, reason=reason)

    def rival(self, name: str, number: int, action: Action, payload: Mapping[str, Any]) -> None:
        """Add another way to decide the same question."""
        with self.act() as tx:
            enactment.rival(tx, self.actor(name), self.id, number, action=action, payload=payload)

    def vote(self, number: int, ballots: Mapping[str, tuple[int | None, ...]]) -> None:
        """Cast ballots: a mark for each option, by voter."""
        for name, marks in ballots.items():
            with self.act() as tx:
                voting.vote(tx, self.actor(name), self.id, number, marks=marks)

    # -- what the commons holds ----------------------------------------------------------------

    def dataset(self, by: str, name: str) -> None:
        """Make a dataset that the commons holds."""
        with self._passed_over():
            enactment.create_repository(
                self.ground, self.actor(by), owner=self.name, kind="dataset", name=name
            )
        self.past.pass_()

    def commit(self, by: str, name: str, files: Mapping[str, bytes], title: str, **how: Any) -> int:
        """Commit files to a dataset; the number of the pull request, if it opens one."""
        operations = [Add(path, content) for path, content in files.items()]
        repo = self.repository(by, name)
        landed = enactment.commit(
            self.ground, self.actor(by), repo, operations=operations, title=title, **how
        )
        self.past.pass_()
        return landed.number or 0

    def repository(self, viewer: str, name: str) -> Repo:
        """A dataset of the commons, as somebody sees it; "" is who is not signed in."""
        seen_by = self.actor(viewer) if viewer else ANYONE
        with self.ground.read() as tx:
            return repositories.repo(tx, seen_by, "dataset", f"{self.name}/{name}")

    def used(self, unit: str, amounts: Mapping[str, int]) -> None:
        """Read back what the machines say was used of the pot."""
        with self.act() as tx:
            here = commons.commons(tx, self.name)
            enactment.pot.report_usage(tx, here, Report(self.name, {unit: amounts}))

    # -- cases and removals --------------------------------------------------------------------

    def report(self, by: str, subject: str, words: str) -> None:
        """Report what is wrong."""
        with self.act() as tx:
            given = {"subject": subject, "words": words}
            case_steps.report(tx, self.actor(by), given, commons_id=self.id)

    def case(self, by: str, number: int, step: str, **given: str) -> None:
        """Take a step of a case."""
        with self.act() as tx:
            case_steps.case_step(tx, self.actor(by), self.id, number, step, given)

    def answer_on_panel(self, number: int, *said: tuple[str, str, str]) -> None:
        """Let those who were drawn take their seats and speak: a verdict, a rung and reasons."""
        with self.ground.read() as tx:
            found = cases.seats(tx, cases.panel(tx, self.id, number).id)
            ids = [each.account_id for each in found]
            names = [each.name for each in accounts.accounts_by_id(tx, ids).values()]
        for each in names:
            self._on_panel(each, number, "accept")
        for each, (verdict, rung, reasons) in zip(names, said, strict=False):
            self._on_panel(each, number, "verdict", verdict=verdict, rung=rung, reasons=reasons)

    def _on_panel(self, name: str, number: int, step: str, **given: str) -> None:
        with self.act() as tx:
            case_steps.panel_step(tx, self.actor(name), self.id, number, step, given)

    def ask_for_removal(self, dataset: str, paths: str, words: str) -> None:
        """Ask, without an account, for files to be taken out."""
        with self.act() as tx:
            removal.ask(tx, ANYONE, self.repository("", dataset), paths=paths, words=words)

    def acknowledge(self, by: str, number: int) -> None:
        """Say that a request was read; its files are held from now on."""
        with self.act() as tx:
            found = removal_queries.row(tx, self.id, number)
            removals.acknowledge(tx, self.actor(by), found)

    def remove(self, by: str, number: int, reason: str) -> None:
        """Do what was asked for."""
        with self._passed_over():
            removals.decide(
                self.ground, self.actor(by), self.id, number, fulfil=True, reason=reason
            )
        self.past.pass_()
