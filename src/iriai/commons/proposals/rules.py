"""How a proposal goes, from the day it is made to what becomes of it. Pure.

Three paths lead to a decision. *At once*: it waits for the word of those whom the charter names.
*Lazily*: after so many hours it passes, if enough others stand behind it and nobody objected with a
reason; an objection makes it a vote. *By vote*: members talk it over and may add rivals, then the
electors of the moment vote, and "keep as it is" is always on the ballot.

Small groups come first: nobody waits for more seconds than there are others to give them, and a
tie keeps things as they are unless the charter names who breaks it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from iriai.base.errors import Denied, Invalid
from iriai.commons.charter.rules import Action, Ballots, Charter, Counter, Path, Procedure, Who
from iriai.commons.counting import ballot_export
from iriai.commons.membership.rules import MAINTAINER, STEWARD, Standing
from iriai.commons.proposals.wording import (
    REASON_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    clean_reason,
    clean_text,
    clean_title,
)

__all__ = [
    "REASON_LENGTH_MAX",
    "TEXT_LENGTH_MAX",
    "TITLE_LENGTH_MAX",
    "clean_reason",
    "clean_text",
    "clean_title",
]

RIVALS_MAX = 20
OPTIONS_MAX = 200
SECOND_DAYS = 14
"""For how long a proposal for a vote waits for its seconds."""
ACCEPT_DAYS = 30
"""For how long a proposal waits for the word of those who decide at once."""
CASTING_DAYS = 7
"""For how long a tie waits for the casting vote."""
STRICT_RATIO = 2
STRICT_SECONDS_MAX = 5
KEEP = "Keep things as they are"
NONE_OF_THESE = "None of these"


class State(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    DELIBERATING = "deliberating"
    VOTING = "voting"
    TIED = "tied"
    PASSED = "passed"
    ENACTED = "enacted"
    ENACT_FAILED = "enact_failed"
    FAILED = "failed"
    NO_QUORUM = "no_quorum"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


RUNNING = (State.OPEN, State.DELIBERATING, State.VOTING, State.TIED)
"""The states in which members can still do something about it."""


class Kind(StrEnum):
    """What an option is."""

    PROPOSED = "proposed"
    RIVAL = "rival"
    CANDIDATE = "candidate"
    PROJECT = "project"
    KEEP = "keep"


class Step(StrEnum):
    """What is due."""

    PASS = "pass"  # noqa: S105 - what is due
    FAIL = "fail"
    OPEN_VOTE = "open_vote"
    COUNT = "count"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be chosen."""

    place: int
    kind: Kind
    words: str
    action: Action | None = None
    payload: Mapping[str, Any] | None = None
    ratio: int = 1
    key: str | None = None
    cost: int | None = None
    author_id: int | None = None
    author: str | None = None


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody's second, or objection with its reason, and the institution it counts once with."""

    account_id: int
    name: str
    at: datetime
    reason: str = ""
    institution_id: int | None = None
    institution: str | None = None

    @property
    def house(self) -> int:
        """Who counts once: the institution, or else the person."""
        return self.institution_id or self.account_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposal as everybody may see it. `due_at`: when the next thing happens by itself."""

    id: int
    commons_id: int
    commons: str
    number: int
    action: Action
    title: str
    text: str
    state: State
    state_at: datetime
    rule: str
    charter: str
    terms: Procedure
    fallback: Procedure | None
    seats: int | None
    budget: int | None
    proposer_id: int | None
    proposer: str | None
    institution_id: int | None = None
    institution: str | None = None
    seconds_needed: int
    repo_id: int | None
    discussion: int | None
    proposed_at: datetime
    due_at: datetime | None
    opened_at: datetime | None
    closed_at: datetime | None
    enacted_at: datetime | None
    options: tuple[Option, ...] = ()
    seconds: tuple[Voice, ...] = ()
    objections: tuple[Voice, ...] = ()
    tied: tuple[int, ...] = ()
    chosen: int | None = None
    failure: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether members can still do something about it."""
        return self.state in RUNNING

    @property
    def is_secret(self) -> bool:
        """Whether its ballots name nobody."""
        return self.terms.ballot is Ballots.SECRET

    @property
    def is_seconded(self) -> bool:
        """Whether enough others stand behind it."""
        return len(self.seconds) >= self.seconds_needed

    @property
    def method(self) -> str:
        """How its ballots are counted."""
        return method(self.terms, self.seats, self.budget)

    @property
    def is_ranked(self) -> bool:
        """Whether a ballot ranks the options, rather than approving some of them."""
        return self.method == ballot_export.A5

    @property
    def main(self) -> Option:
        """What was proposed first."""
        return self.options[0]


def is_at_once(terms: Procedure) -> bool:
    """Whether somebody decides this alone."""
    return terms.path is Path.AT_ONCE


def decides_at_once(terms: Procedure, standing: Standing, repo_id: int | None = None) -> bool:
    """Whether somebody is among those whose word is a decision, on the path `at_once`.

    Stewards can do what maintainers can. Where all owners decide, each of them is asked.
    """
    if terms.path is not Path.AT_ONCE:
        return False
    if terms.who in (Who.OWNERS, Who.ALL_OWNERS):
        return standing.is_owner
    if terms.who is Who.MEMBERS:
        return standing.is_member
    if standing.holds(STEWARD):
        return True
    return terms.who is Who.MAINTAINERS and standing.holds(MAINTAINER, repo_id)


AMENDING = frozenset({Action.CHARTER_AMEND, Action.CHARTER_AMEND_ENTRENCHED})


def gives_word(
    action: Action, terms: Procedure, standing: Standing, repo_id: int | None = None
) -> bool:
    """Whether somebody's word is asked where this is decided at once.

    How it goes on after `solo` is chosen by all who belong, not by the owners among them alone.
    """
    chooses = standing.chooses and action in AMENDING and terms.who is Who.ALL_OWNERS
    return chooses or decides_at_once(terms, standing, repo_id)


def procedure_json(procedure: Procedure) -> dict[str, Any]:
    """A procedure as it is pinned to a proposal."""
    return asdict(procedure)


def procedure(found: Mapping[str, Any]) -> Procedure:
    """A pinned procedure."""
    return Procedure(
        **{
            **found,
            "path": Path(found["path"]),
            "who": Who(found["who"]),
            "ballot": Ballots(found["ballot"]),
            "counter": Counter(found["counter"]),
            "one_seat": Counter(found["one_seat"]),
            "many_seats": Counter(found["many_seats"]),
        }
    )


def method(terms: Procedure, seats: int | None, budget: int | None) -> str:
    """How ballots under these terms are counted."""
    if budget is not None:
        return ballot_export.BUDGET
    counter = terms.counter
    if seats is not None:
        counter = terms.one_seat if seats == 1 else terms.many_seats
    return ballot_export.SEATS if counter is Counter.EQUAL_SHARES else ballot_export.A5


def seconds_needed(terms: Procedure, *, others: int) -> int:
    """How many others must stand behind it, of those `others` that there are.

    A vote that needs two to one asks for two at least, and for half the square root of the
    electors, but five at most: Debian's K.
    """
    wanted = terms.second
    if terms.path is Path.AT_ONCE:
        return 0
    if terms.path is Path.VOTE and terms.ratio >= STRICT_RATIO:
        half_root = math.isqrt((others + 1) // 4)
        wanted = max(wanted, 2, min(STRICT_SECONDS_MAX, half_root))
    return max(0, min(wanted, others))


def first_state(terms: Procedure) -> State:
    """Where a proposal begins."""
    return State.DELIBERATING if terms.path is Path.VOTE else State.OPEN


def due(terms: Procedure, state: State, since: datetime, *, seconded: bool) -> datetime | None:
    """When the next thing happens by itself to a proposal that is in this state since then."""
    if state is State.OPEN and terms.path is Path.LAZY:
        return since + timedelta(hours=terms.hours)
    if state is State.OPEN:
        return since + timedelta(days=ACCEPT_DAYS)
    if state is State.DELIBERATING:
        days = terms.deliberate_days
        return since + timedelta(days=days if seconded else max(days, SECOND_DAYS))
    if state is State.VOTING:
        return since + timedelta(days=terms.vote_days)
    return since + timedelta(days=CASTING_DAYS) if state is State.TIED else None


def step(found: Proposal, now: datetime) -> Step | None:
    """What is to be done with a proposal now, if anything."""
    if found.due_at is None or now < found.due_at or not found.is_running:
        return None
    if found.state is State.VOTING:
        return Step.COUNT
    if found.state is State.TIED:
        return Step.LEAVE
    if found.state is State.DELIBERATING:
        return Step.OPEN_VOTE if found.is_seconded else Step.FAIL
    lazy = found.terms.path is Path.LAZY
    return Step.PASS if lazy and found.is_seconded else Step.FAIL


def clean_marks(found: Proposal, marks: Sequence[int | None]) -> list[int | None]:
    """A ballot: a rank for each option (1 the best, None unranked), or 1 and 0 for approval."""
    if len(marks) != len(found.options):
        raise Invalid(f"A ballot has one mark for each of the {len(found.options)} options.")
    if found.is_ranked:
        if any(mark is not None and not 1 <= mark <= len(marks) for mark in marks):
            raise Invalid(f"A rank is a number from 1 to {len(marks)}, or left empty.")
        if all(mark is None for mark in marks):
            raise Invalid("This ballot ranks nothing; give at least one option a rank.")
        return list(marks)
    if any(mark not in (0, 1, None) for mark in marks):
        raise Invalid("An option is approved (1) or not (0).")
    return [mark or 0 for mark in marks]


def decided(outcome: Mapping[str, Any], terms: Procedure) -> State:
    """What a count makes of a proposal."""
    verdict = outcome["verdict"]
    if verdict == "tie":
        return State.TIED if terms.casting is not None else State.FAILED
    return {
        "passed": State.PASSED,
        "kept": State.FAILED,
        "no_quorum": State.NO_QUORUM,
    }[verdict]


def voted_on(charter: Charter, action: Action) -> Procedure:
    """The vote that an action would need."""
    terms = charter.procedure(action)
    if terms is not None and terms.path is Path.LAZY:
        terms = charter.decisions.get(terms.on_objection)
    if terms is None or terms.path is not Path.VOTE:
        raise Denied(f"The charter does not put {action} to a vote.", code="CharterSays")
    return terms
