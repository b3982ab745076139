"""How long an answer at a gate may take, and when to ask anew: the charter in force says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from iriai.base.tx import Tx
from iriai.commons.charter import queries as charters
from iriai.gates import actions, queries
from iriai.gates.rules import Request
from iriai.identity.rules import Actor
from iriai.repos.rules import Repo


@dataclass(frozen=True, slots=True)
class Times:
    """The days that a charter gives to answer, and has people wait before they ask again."""

    answer_days: int
    reapply_days: int

    @property
    def again_after(self) -> timedelta:
        """How long whoever was refused waits."""
        return timedelta(days=self.reapply_days)

    def answer_by(self, request: Request) -> datetime:
        """By when a request is to be answered."""
        return request.asked_at + timedelta(days=self.answer_days)


def times(tx: Tx, repo: Repo) -> Times:
    """What the charter of a repository's commons says now."""
    gates = charters.in_force(tx, repo.commons_id).gates
    return Times(gates.answer_days, gates.reapply_days)


def ask(tx: Tx, actor: Actor, repo: Repo, *, given: Mapping[str, str]) -> Request:
    """Ask for access; after a refusal once the charter's days are over."""
    return actions.ask(tx, actor, repo, given=given, again_after=times(tx, repo).again_after)


def overdue(tx: Tx, repo: Repo) -> int:
    """How many have waited for an answer longer than the charter allows."""
    return queries.overdue_count(tx, repo, tx.now - timedelta(days=times(tx, repo).answer_days))
