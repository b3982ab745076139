"""Proposals in plain words: where each stands, what happens next and when, and what one can do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from iriai.commons.charter import phrases
from iriai.commons.charter.rules import Action, Path
from iriai.commons.membership.speaker import Speaker
from iriai.commons.proposals import allowed
from iriai.commons.proposals.rules import Proposal, State, gives_word

NOTHING_RUNS = (
    "No proposal runs now. Any member can propose something; each proposal says by which rule it "
    "goes, when, and where to object."
)
STATES: Mapping[State, str] = MappingProxyType(
    {
        State.OPEN: "open",
        State.DELIBERATING: "being discussed",
        State.VOTING: "vote open",
        State.TIED: "tied",
        State.PASSED: "passed",
        State.ENACTED: "done",
        State.ENACT_FAILED: "could not be done",
        State.FAILED: "not passed",
        State.NO_QUORUM: "too few voted",
        State.WITHDRAWN: "withdrawn",
        State.SUPERSEDED: "superseded",
    }
)
ACTIONS: Mapping[Action, str] = MappingProxyType(
    {
        Action.RESOURCE_CREATE: "Make a repository",
        Action.RESOURCE_MERGE: "Merge a pull request",
        Action.RESOURCE_LABEL: "Put a label on a repository",
        Action.RESOURCE_DELIST: "Leave a repository out of lists",
        Action.RESOURCE_GATE: "Gate a repository, or open it",
        Action.RESOURCE_FREEZE: "Freeze a repository",
        Action.RESOURCE_VISIBILITY: "Make a repository public or private",
        Action.RESOURCE_RELICENSE: "Give a repository another licence",
        Action.RESOURCE_TRANSFER: "Move a repository",
        Action.RESOURCE_DELETE: "Delete a repository",
        Action.RESOURCE_RETURN: "Give a dedicated repository back",
        Action.MEMBER_ADMIT: "Admit a member",
        Action.MEMBER_SUSPEND: "Suspend a member",
        Action.MEMBER_EXPEL: "Expel a member",
        Action.SEAT_GRANT: "Give somebody an office",
        Action.SEAT_FILL: "Elect somebody into an office",
        Action.SEAT_RECALL: "Take an office back",
        Action.POOL_DECLARE: "Say what is in the pot",
        Action.POOL_ALLOT_SMALL: "Allot a little of the pot",
        Action.POOL_ALLOT_ROUND: "Hold a round of the pot",
        Action.POOL_RECLAIM: "Take back what lies unused",
        Action.REMOVAL_DECIDE: "Decide a request to remove",
        Action.CHILD_ADD: "Take in a commons below this one",
        Action.OPERATOR_RATIFY: "Ratify what the operator did",
        Action.STATEMENT: "Say something together",
        Action.CHARTER_AMEND: "Change the charter",
        Action.CHARTER_AMEND_ENTRENCHED: "Change what the charter protects",
    }
)


def _when(when: datetime | None) -> str:
    return "" if when is None else f"{when:%-d %B %Y, %H:%M} UTC"


BROKEN = "Whoever thinks that a rule was broken reports it, which opens a case."


def next_step(
    found: Proposal,
    now: datetime,
    *,
    is_here: bool = False,
    awaited: Sequence[str] = (),
    queued: str = "",
) -> str:
    """What happens next, when, and what one can do until then: one sentence or two.

    `is_here`: it is read on the proposal's own page, where one does it. `awaited`: whose word is
    missing where all decide together. `queued`: what the granted request waits for in the pot.
    """
    where = "below" if is_here else "on its page"
    at = _when(found.due_at)
    late = found.due_at is not None and now >= found.due_at
    if found.is_running and late:
        return "Its time is over; what came of it is being written down in this minute."
    if found.state is State.OPEN and found.terms.path is Path.LAZY:
        missing = found.seconds_needed - len(found.seconds)
        verb = "member seconds" if missing == 1 else "members second"
        need = f" if {missing} more {verb} it and" if missing > 0 else " if"
        return (
            f"“{found.title}” passes on {at}{need} no member objects with a reason by then; "
            f"with an objection it becomes a vote. Object {where}."
        )
    if found.state is State.OPEN:
        word = f"the word of {phrases.THOSE[found.terms.who]}, who decide it"
        if awaited:
            word = f"the word of {phrases.listed(awaited)}, without which it is not decided"
        return (
            f"“{found.title}” waits until {at} for {word}. "
            f"Until then members can say {where} what speaks against it."
        )
    if found.state is State.DELIBERATING:
        return _deliberating(found, at, where)
    if found.state is State.VOTING:
        how = "Ballots are secret." if found.is_secret else "Ballots name their voters."
        said = f"The vote on “{found.title}” closes on {at}, and is counted then. {how}"
        return f"{said} {BROKEN}" if is_here else said
    if found.state is State.TIED:
        return (
            f"“{found.title}” is tied. Until {at} the office {found.terms.casting} has the casting "
            "vote; without it things stay as they are."
        )
    return _over(found, queued)


def _deliberating(found: Proposal, at: str, where: str) -> str:
    is_choice = bool(found.seats) or found.budget is not None
    does = "object" if is_choice else "object and add rival options"
    missing = found.seconds_needed - len(found.seconds)
    if missing > 0:
        return (
            f"“{found.title}” is being discussed. It needs {missing} more to second it by "
            f"{at}, else it fails; members can {does} {where}."
        )
    return (
        f"“{found.title}” is being discussed until {at}; then the vote opens for "
        f"{found.terms.vote_days} days. Members can {does} {where}."
    )


def _over(found: Proposal, queued: str = "") -> str:
    if found.state is State.PASSED:
        return "It has passed, and is being done now."
    if found.state is State.ENACTED and queued:
        return f"It was agreed to, and is in the queue of the pot. {queued} {BROKEN}"
    if found.state is State.ENACTED:
        return f"It was done on {_when(found.enacted_at)}; nothing more happens. {BROKEN}"
    if found.state is State.ENACT_FAILED:
        return f"It passed, but could not be done: {found.failure} It can be proposed again."
    if found.state is State.WITHDRAWN:
        return "Its proposer took it back; nothing more happens."
    return f"{found.failure or 'It did not pass.'} It can be proposed again."


def said(found: Proposal, electors: int) -> str:
    """By which rule it goes, in a sentence, where so many have a vote."""
    terms = found.terms
    if terms.path is Path.AT_ONCE:
        return f"By the charter ({found.rule}) this is for {phrases.THOSE[terms.who]}."
    lazy = terms.path is Path.LAZY  # so many others are asked as there are
    how = phrases.procedure(
        replace(terms, second=found.seconds_needed) if lazy else terms,
        electors=electors,
        objection="a vote",
        is_seats=found.action is Action.SEAT_FILL,
    )
    if found.seconds_needed and not lazy:
        who = phrases.counted(found.seconds_needed, "other member")
        how = f"once {who} {'seconds' if found.seconds_needed == 1 else 'second'} it, {how}"
    return f"By the charter ({found.rule}): {how}."


def ballot(found: Proposal, marks: Sequence[int | None]) -> list[tuple[int | None, str]]:
    """What a ballot says: each option's rank, or 1 where it is approved of, and its words.

    What is liked best comes first; None is what was not ranked, or not approved of, and is last.
    """
    given = [(marks[each.place] or None, each.words) for each in found.options]
    return sorted(given, key=lambda one: (one[0] is None, one[0] or 0))


def may(found: Proposal, speakers: Iterable[Speaker], now: datetime) -> Mapping[str, list[Speaker]]:
    """What somebody can do about it now, and in whose names.

    Second, object, rival, withdraw, cast; `speakers` are those in whose names they can speak.
    """
    can: dict[str, list[Speaker]] = {}
    for speaker in speakers:
        for verb in _may(found, speaker, now):
            can.setdefault(verb, []).append(speaker)
    return can


def _may(found: Proposal, speaker: Speaker, now: datetime) -> set[str]:
    can: set[str] = set()
    late = found.due_at is not None and now >= found.due_at
    if not found.is_running or late:
        return can
    standing = speaker.standing
    early = found.state in (State.OPEN, State.DELIBERATING)
    at_once = found.terms.path is Path.AT_ONCE
    seconded = speaker.counts_with(each.house for each in found.seconds)
    fresh = not allowed.is_own(found, speaker) and not seconded
    asked = gives_word(found.action, found.terms, standing, found.repo_id)
    if early and fresh and (not at_once or asked):
        can.add("second")
    if early and not speaker.counts_with(each.house for each in found.objections):
        can.add("object")
    if found.state is State.DELIBERATING and not found.seats and found.budget is None:
        can.add("rival")
    if early and allowed.may_withdraw(found, speaker):
        can.add("withdraw")
    if found.state is State.TIED and found.terms.casting and standing.holds(found.terms.casting):
        can.add("cast")
    return can
