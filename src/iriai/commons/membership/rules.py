"""Where somebody stands in a commons: member or not, elector or not, in which office. Pure.

`visitor → applicant → member → elector → (emeritus | suspended | left | expelled)`. A member is an
elector after the charter's wait; founders are at once, or a new commons could decide nothing. What
ends by itself (a suspension, a term) is judged here by `now`: it ends in its second, whether or not
the clock has written it down yet.

While the charter in force is `solo` or `owners`, nobody needs a row: the organisation's admins are
its owners, electors and stewards in one.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from iriai.base.errors import Conflict, Denied, Excessive, Invalid
from iriai.commons.charter.rules import Charter
from iriai.identity.rules import Role

STEWARD = "steward"
MAINTAINER = "maintainer"
SECRETARY = "secretary"
WRITING = frozenset({STEWARD, MAINTAINER})
"""The offices of the whole commons that may write to what it holds."""

CARETAKER_DAYS = 30
"""For how long, at most, somebody keeps an office warm whose term is over."""


class State(StrEnum):
    """Where somebody stands in a commons."""

    VISITOR = "visitor"
    APPLICANT = "applicant"
    MEMBER = "member"
    EMERITUS = "emeritus"
    SUSPENDED = "suspended"
    LEFT = "left"
    EXPELLED = "expelled"


class Kind(StrEnum):
    """What a member is."""

    PERSON = "person"
    INSTITUTION = "institution"


class Ended(StrEnum):
    """Why a seat was given back."""

    EXPIRED = "expired"
    SUCCEEDED = "succeeded"
    RESIGNED = "resigned"
    RECALLED = "recalled"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Seat:
    """An office and its holder, from and until when; `repo_id` where it is about one repository."""

    id: int
    role: str
    holder_id: int
    holder: str
    repo_id: int | None
    starts_at: datetime
    ends_at: datetime
    caretaker_until: datetime | None
    term: int
    is_caretaker: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """What is kept of a member, as rules read it."""

    account_id: int
    name: str
    kind: Kind
    state: State
    since: datetime | None
    until: datetime | None
    is_founder: bool
    institution_id: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands, at one moment. `seats` are those in office; a caretaker's are not."""

    state: State = State.VISITOR
    is_member: bool = False
    is_elector: bool = False
    is_owner: bool = False
    votes: int = 0
    seats: tuple[Seat, ...] = ()
    cares_for: tuple[Seat, ...] = ()
    institution_id: int | None = None
    elector_from: datetime | None = None
    roles: frozenset[str] = frozenset()
    chooses: bool = False
    """Whether they choose with the owners how it goes on where `solo` has ended."""

    @property
    def caretaker(self) -> bool:
        """Whether they keep an office warm whose term is over: merge, hold, call its election."""
        return bool(self.cares_for)

    def holds(self, role: str, repo_id: int | None = None) -> bool:
        """Whether they are in this office of the whole commons, or with `repo_id` of that."""
        if role in self.roles:
            return True
        return any(
            seat.role == role and (seat.repo_id is None or seat.repo_id == repo_id)
            for seat in self.seats
        )

    def cares(self, role: str) -> bool:
        """Whether they take care of this office until it is filled."""
        return any(seat.role == role for seat in self.cares_for)


VISITOR = Standing()


@dataclass(frozen=True, slots=True)
class Elector:
    """Who has a vote, and how many. An institution's is cast by one of its representatives."""

    account_id: int
    name: str
    kind: Kind
    votes: int
    since: datetime
    institution_id: int | None = None


def by_role(role: Role | None, *, is_member: bool = True) -> Standing:
    """Where somebody stands while an organisation's admins decide alone."""
    if role is None or not is_member:
        return VISITOR
    owns = role is Role.ADMIN
    return Standing(
        state=State.MEMBER,
        is_member=True,
        is_elector=owns,
        is_owner=owns,
        votes=int(owns),
        roles=frozenset({STEWARD, MAINTAINER}) if owns else frozenset(),
    )


def state_of(row: Row, now: datetime) -> State:
    """Their state now: a suspension is over in the second it ends."""
    if row.state is State.SUSPENDED and row.until is not None and row.until <= now:
        return State.MEMBER
    return row.state


def votes_of(charter: Charter, kind: Kind) -> int:
    """How many votes a member of this kind has."""
    kinds = charter.members.kinds
    return kinds.person if kind is Kind.PERSON else kinds.institution


def elector_from(charter: Charter, row: Row) -> datetime | None:
    """From when a member is an elector; None for who is none, or whose kind has no vote."""
    if row.since is None or votes_of(charter, row.kind) == 0:
        return None
    if row.is_founder:
        return row.since
    return row.since + timedelta(days=charter.members.elector_after_days)


def standing(
    charter: Charter,
    row: Row | None,
    seats: Sequence[Seat],
    cares_for: Sequence[Seat],
    now: datetime,
) -> Standing:
    """Where somebody stands under a charter of members. Only who is a member holds office."""
    if row is None:
        return VISITOR
    state = state_of(row, now)
    if state is not State.MEMBER:
        return Standing(state=state, institution_id=row.institution_id)
    begins = elector_from(charter, row)
    elects = begins is not None and begins <= now
    return Standing(
        state=state,
        is_member=True,
        is_elector=elects,
        votes=votes_of(charter, row.kind) if elects else 0,
        seats=tuple(seats),
        cares_for=tuple(cares_for),
        institution_id=row.institution_id,
        elector_from=begins,
    )


def electors(charter: Charter, rows: Iterable[Row], now: datetime) -> list[Elector]:
    """Who has a vote now, the longest first, no institution with more than its share."""
    found = []
    for row in rows:
        begins = elector_from(charter, row)
        if state_of(row, now) is State.MEMBER and begins is not None and begins <= now:
            votes = votes_of(charter, row.kind)
            found.append(
                Elector(row.account_id, row.name, row.kind, votes, begins, row.institution_id)
            )
    found.sort(key=lambda each: (each.since, each.account_id))
    return capped(found, charter.members.max_share_per_institution)


def capped(found: Sequence[Elector], share: float) -> list[Elector]:
    """At most this share of the people from one institution: those who came last wait.

    Where everybody is of one institution nobody is captured, and nobody waits.
    """
    people = [each for each in found if each.kind is Kind.PERSON]
    kept = {each.account_id for each in people}
    if len({each.institution_id or -each.account_id for each in people}) > 1:
        kept = _within(people, share)
    return [each for each in found if each.kind is not Kind.PERSON or each.account_id in kept]


def _within(people: Sequence[Elector], share: float) -> set[int]:
    """The largest choice in which no institution has more than its share, or than one."""
    kept = list(people)
    while True:
        most = max(1, math.floor(share * len(kept) + 1e-9))
        counted: Counter[int] = Counter()
        staying = []
        for each in kept:
            if each.institution_id is not None:
                counted[each.institution_id] += 1
                if counted[each.institution_id] > most:
                    continue
            staying.append(each)
        if len(staying) == len(kept):
            return {each.account_id for each in kept}
        kept = staying


def in_office(seats: Iterable[Seat], now: datetime) -> list[Seat]:
    """The seats whose term runs at this moment: from their start, up to but without their end."""
    return [seat for seat in seats if seat.starts_at <= now < seat.ends_at]


def caretakers(charter: Charter, seats: Sequence[Seat], now: datetime) -> list[Seat]:
    """The seats whose term is over and that wait for a successor, at most `CARETAKER_DAYS`.

    As many as the office has empty seats; who held theirs longest ago goes first. Nobody takes care
    of an office that they hold again.
    """
    holding: Counter[str] = Counter()
    holders = set()
    for seat in in_office(seats, now):
        holding[seat.role] += 1
        holders.add((seat.role, seat.holder_id))
    waiting = [
        seat
        for seat in seats
        if seat.caretaker_until is not None
        and seat.ends_at <= now < seat.caretaker_until
        and (seat.role, seat.holder_id) not in holders
    ]
    found = []
    for seat in sorted(waiting, key=lambda each: (each.ends_at, each.id), reverse=True):
        office = charter.roles.get(seat.role)
        if office is None:
            continue
        most = 1 if office.seats is None else office.seats
        if holding[seat.role] < most:
            holding[seat.role] += 1
            found.append(replace(seat, is_caretaker=True))
    return found


REASON_LENGTH_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Requirement:
    """What an applicant needs before the members decide, and what they have of it."""

    sponsors: int
    contributions: int
    sponsors_needed: int
    contributions_needed: int

    @property
    def is_met(self) -> bool:
        """Whether the members can decide now: enough sponsors, or enough contributions."""
        if self.sponsors >= self.sponsors_needed:
            return True
        return 0 < self.contributions_needed <= self.contributions

    @property
    def words(self) -> str:
        """What is missing, in words."""
        if self.is_met:
            return "nothing is missing; the members decide"
        missing = self.sponsors_needed - self.sponsors
        words = f"{missing} more sponsor" + ("" if missing == 1 else "s")
        if self.contributions_needed:
            lacking = self.contributions_needed - self.contributions
            words += f", or {lacking} more merged contribution" + ("" if lacking == 1 else "s")
        return words


def requirement(
    charter: Charter, *, members: int, sponsors: int, contributions: int
) -> Requirement:
    """What admission takes. It never takes more sponsors than there are members to be one."""
    admit = charter.members.admit
    return Requirement(
        sponsors=sponsors,
        contributions=contributions,
        sponsors_needed=min(admit.sponsors, members),
        contributions_needed=admit.or_contributions,
    )


def require_collective(charter: Charter) -> None:
    """Members there are only where a charter of members is in force."""
    if not charter.is_collective:
        raise Conflict(
            f"Owners decide in {charter.commons}: one belongs to it by a role that they give.",
            code="NoMembers",
        )


def require_member(standing: Standing, commons: str) -> None:
    """Only members do this; who rests comes back first, by one click."""
    if standing.is_member:
        return
    if standing.state is State.EMERITUS:
        raise Denied(f"You rest as a member of {commons}; return first.", code="Resting")
    raise Denied(f"Only members of {commons} can do this.", code="NotAMember")


def require_elector(standing: Standing, commons: str) -> None:
    """Only who has a vote does this."""
    require_member(standing, commons)
    if standing.is_elector:
        return
    begins = standing.elector_from
    when = f" You have one from {begins:%-d %B %Y}." if begins is not None else ""
    raise Denied(f"This takes a vote in {commons}.{when}", code="NotAnElector")


def require_may_apply(row: Row | None, now: datetime) -> None:
    """Whoever is no member may apply, once at a time."""
    state = State.VISITOR if row is None else state_of(row, now)
    if state is State.APPLICANT:
        raise Conflict("You have applied already; the members will decide.")
    if state is State.EMERITUS:
        raise Conflict("You rest as a member; return by one click instead.")
    if state in (State.MEMBER, State.SUSPENDED):
        raise Conflict("You are a member already.")


def clean_words(text: str, *, wanted: str | None = None) -> str:
    """What somebody says for themselves, or as their reason; `wanted` says why it must be there."""
    cleaned = text.strip()
    if wanted is not None and not cleaned:
        raise Invalid(wanted)
    if len(cleaned) > REASON_LENGTH_MAX:
        raise Excessive(f"At most {REASON_LENGTH_MAX:,} characters.")
    return cleaned
