"""How long an answer at a gate may take, and when to ask anew: the charter in force says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from iriai.base.tx import Tx
from iriai.commons.charter import queries as charters
from iriai.gates import actions, queries
from iriai.gates.rules import Request, Status
from iriai.identity.rules import Actor
from iriai.repos.rules import HeldBy, Repo


@dataclass(frozen=True, slots=True)
class Times:
    """The days that a charter gives to answer and to appeal, and until one may ask again."""

    answer_days: int
    reapply_days: int
    appeal_days: int

    @property
    def again_after(self) -> timedelta:
        """How long whoever was refused waits."""
        return timedelta(days=self.reapply_days)

    def answer_by(self, request: Request) -> datetime:
        """By when a request is to be answered."""
        return request.asked_at + timedelta(days=self.answer_days)

    def appeal_by(self, request: Request) -> datetime | None:
        """Until when a refusal may be appealed; None where nothing was refused."""
        if request.status is not Status.REJECTED or request.handled_at is None:
            return None
        return request.handled_at + timedelta(days=self.appeal_days)


def times(tx: Tx, repo: Repo) -> Times:
    """What the charter of a repository's commons says now."""
    charter = charters.in_force(tx, repo.commons_id)
    gates = charter.gates
    return Times(gates.answer_days, gates.reapply_days, charter.appeals.window_days)


def is_by_charter(repo: Repo) -> bool:
    """Whether the charter's days, reasons and appeals hold for its gate: not for a person's own."""
    return repo.held_by is not HeldBy.PERSON


def ask(tx: Tx, actor: Actor, repo: Repo, *, given: Mapping[str, str]) -> Request:
    """Ask for access; after a refusal once the charter's days are over."""
    return actions.ask(tx, actor, repo, given=given, again_after=times(tx, repo).again_after)


def overdue(tx: Tx, repo: Repo) -> int:
    """How many have waited for an answer longer than the charter allows."""
    return queries.overdue_count(tx, repo, tx.now - timedelta(days=times(tx, repo).answer_days))
