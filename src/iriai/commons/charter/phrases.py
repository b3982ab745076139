"""The words for single things of a charter: a procedure, a role, a field, a value. Pure."""

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Any

from iriai.commons.charter.rules import (
    Action,
    Ballots,
    Counter,
    Ground,
    Parent,
    Path,
    Procedure,
    Recall,
    Right,
    Role,
    Rung,
    Step,
    Who,
)
from iriai.commons.counting.ballot_export import SmallQuorum

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

ACTIONS = {
    Action.RESOURCE_CREATE: "make a repository in its name",
    Action.RESOURCE_MERGE: "merge a change",
    Action.RESOURCE_LABEL: "put a label on a repository",
    Action.RESOURCE_DELIST: "take a repository out of the lists",
    Action.RESOURCE_GATE: "set or lift a gate",
    Action.RESOURCE_FREEZE: "freeze a repository",
    Action.RESOURCE_VISIBILITY: "make a repository public or private",
    Action.RESOURCE_RELICENSE: "change a licence",
    Action.RESOURCE_TRANSFER: "hand a repository over",
    Action.RESOURCE_DELETE: "delete a repository",
    Action.RESOURCE_RETURN: "give a repository back to whom it came from",
    Action.MEMBER_ADMIT: "admit a member",
    Action.MEMBER_SUSPEND: "suspend a member",
    Action.MEMBER_EXPEL: "expel a member",
    Action.SEAT_GRANT: "grant an office for a repository",
    Action.SEAT_FILL: "fill an office",
    Action.SEAT_RECALL: "recall somebody from an office",
    Action.POOL_DECLARE: "say what the pot holds",
    Action.POOL_ALLOT_SMALL: "allot a small share of the pot",
    Action.POOL_ALLOT_ROUND: "allot the pot in a round",
    Action.POOL_RECLAIM: "take back what lies unused",
    Action.REMOVAL_DECIDE: "answer a request to remove data",
    Action.CHILD_ADD: "take in a child commons",
    Action.OPERATOR_RATIFY: "ratify what the operator did in an emergency",
    Action.STATEMENT: "say something in its name",
    Action.CHARTER_AMEND: "change the charter",
    Action.CHARTER_AMEND_ENTRENCHED: "change what protects those who lost a vote",
}

RIGHTS = {
    Right.READ_RULES: "To read the rules and the log",
    Right.NOTICE_AND_REASON: "To be told, with a reason, what is done to oneself",
    Right.APPEAL: "To appeal",
    Right.EXPORT: "To take away everything: repositories, discussions, decisions, the log",
    Right.FORK: "To go on elsewhere with all of it",
    Right.LEAVE: "To leave",
    Right.REMOVE_OWN: "To take out what one gave",
}

WHO = {
    Who.OWNERS: "an administrator",
    Who.MEMBERS: "a member",
    Who.STEWARDS: "a steward",
    Who.MAINTAINERS: "a maintainer of the repository",
    Who.ALL_OWNERS: "all administrators together",
}

THOSE = {
    Who.OWNERS: "the owners",
    Who.MEMBERS: "the members",
    Who.STEWARDS: "the stewards",
    Who.MAINTAINERS: "the maintainers",
    Who.ALL_OWNERS: "all owners together",
}
"""Who decides something at once, as a whole."""

GROUNDS = {
    Ground.MALWARE: "malware",
    Ground.PRIVACY: "a breach of privacy",
    Ground.ILLEGAL: "something illegal",
    Ground.CREDENTIAL: "a leaked credential",
}

RUNGS = {
    Rung.NUDGE: "a nudge",
    Rung.WARNING: "a warning",
    Rung.THROTTLE: "fewer requests",
    Rung.WRITE: "no writing",
    Rung.SUSPEND: "suspension",
    Rung.EXPEL: "expulsion",
}

PARTS = {
    "charter": "The version of the schema",
    "commons": "The commons that it names",
    "preset": "The preset",
    "parent": "The parent's charter",
    "members": "Members",
    "kinds": "votes of each",
    "admit": "admission",
    "or_contributions": "merged contributions instead of sponsors",
    "elector_after_days": "wait before one has a vote",
    "emeritus_after_days": "absence after which one leaves the quorum",
    "max_share_per_institution": "greatest share of one institution",
    "roles": "Office",
    "term_days": "term",
    "max_terms": "terms in a row",
    "elected_by": "way of election",
    "granted_by": "way of granting",
    "decisions": "Decisions",
    "actions": "The decision needed to",
    "hours": "time to object",
    "second": "others who must be for it",
    "on_objection": "what an objection leads to",
    "deliberate_days": "time to deliberate",
    "vote_days": "time to vote",
    "ratio": "majority, so many to one",
    "quorum_factor": "quorum factor",
    "one_seat": "counting for one seat",
    "many_seats": "counting for many seats",
    "casting": "who breaks a tie",
    "licences": "Licences",
    "allow": "allowed",
    "drift": "dropping a duty",
    "openness": "Openness",
    "min_mof_class": "least class",
    "data_card": "card for each dataset",
    "gates": "Gates",
    "answer_days": "time to answer",
    "reapply_days": "wait before asking again",
    "sanctions": "Sanctions",
    "fade_days": "time after which a rung drops",
    "stay_on_appeal": "left in peace during an appeal",
    "holds": "Holds",
    "by": "stewards needed",
    "max_hours": "longest",
    "appeals": "Appeals",
    "window_days": "time to appeal",
    "panel": "size of a panel",
    "exclude": "who does not sit",
    "removal": "Removal of data",
    "ack_days": "time to acknowledge",
    "decide_days": "time to decide",
    "mirrors_hours": "time to tell mirrors",
    "pool": "The pot",
    "floor_share": "share of the floor",
    "queue_share": "share of the queue",
    "round_share": "share of the rounds",
    "queue_rule": "rule of the queue",
    "small_share": "what counts as a small request",
    "reclaim_cold_days": "disuse before it is moved aside",
    "notice_days": "notice before that",
    "rights": "Rights of every member",
    "operator": "The operator",
    "break_glass": "may act alone in an emergency",
    "ratify_days": "time to ratify that",
}

_UNITS = {"days": "day", "hours": "hour"}


def counted(count: int, noun: str) -> str:
    """`three days`; `no vote`."""
    said = NUMBERS[count] if 0 <= count < len(NUMBERS) else f"{count:,}"
    return f"{said} {noun}{'' if count == 1 else 's'}"


def share(part: float) -> str:
    """A share as people say it."""
    known = {0.1: "a tenth", 0.2: "a fifth", 0.25: "a quarter", 0.5: "half", 1.0: "all"}
    return known.get(part, f"{part * 100:.10g}\N{NO-BREAK SPACE}%")


def listed(words: Sequence[str], *, word: str = "and") -> str:
    """`a, b and c`."""
    if len(words) < 2:  # noqa: PLR2004
        return "".join(words)
    return f"{', '.join(words[:-1])} {word} {words[-1]}"


def procedure(
    found: Procedure, *, electors: int = 0, objection: str = "", is_seats: bool = False
) -> str:
    """How a decision is reached, as a sentence without its end.

    `electors`: how many have a vote, where that is known; `objection`: what one leads to;
    `is_seats`: whether offices are filled by it, for which the quorum counts who votes.
    """
    if found.path is Path.AT_ONCE:
        return (
            f"{WHO[found.who]} decides at once"
            if found.who is not Who.ALL_OWNERS
            else (f"{WHO[found.who]} decide at once")
        )
    if found.path is Path.LAZY:
        seconds = "seconds" if found.second == 1 else "second"
        backed = (
            f"{counted(found.second, 'other member')} {seconds} it and " if found.second else ""
        )
        return (
            f"it is done after {counted(found.hours, 'hour')} if {backed}nobody objects with a "
            f"reason; an objection leads to {objection or f'“{found.on_objection}”'}"
        )
    talked = (
        f"{counted(found.deliberate_days, 'day')} to talk, then " if found.deliberate_days else ""
    )
    ballot = "in secret" if found.ballot is Ballots.SECRET else "openly"
    voted = f"{talked}{counted(found.vote_days, 'day')} to vote {ballot}"
    if found.counter is Counter.EQUAL_SHARES:
        voted += "; projects are chosen so that every voter has the same say (Equal Shares)"
        return f"{voted}{_needed(found, electors, 'must vote')}"
    if is_seats:
        return f"{voted}{_needed(found, electors, 'must vote')}"
    return f"{voted}; it needs {ratio(found.ratio)}{_needed(found, electors, 'must be for it')}"


def ratio(count: int) -> str:
    """A majority of so many to one."""
    if count == 1:
        return "more votes for it than against it"
    many = NUMBERS[count] if count < len(NUMBERS) else count
    return f"{many} votes for it to each one against it"


def _needed(found: Procedure, electors: int, what: str) -> str:
    """The quorum of a vote, as so many of those who have a vote; "" where there is none."""
    if not found.quorum_factor:
        return ""
    if electors == 1:
        return f", and the one who has a vote {what}"
    if electors:
        return f", and at least {least(found, electors)} of the {electors} who have a vote {what}"
    many = 100
    return f", and of {many} who have a vote at least {least(found, many)} {what}"


def least(found: Procedure, electors: int) -> int:
    """How many of so many electors meet the quorum."""
    return SmallQuorum(electors, Fraction(str(found.quorum_factor))).votes


def way(found: Procedure | None) -> str:
    """How something is decided, in two or three words; None is by a panel alone."""
    if found is None:
        return "a panel"
    if found.path is Path.AT_ONCE:
        return WHO[found.who]
    if found.path is Path.LAZY:
        return "no objection"
    if found.counter is Counter.EQUAL_SHARES:
        return "a round"
    one = "a secret vote" if found.ballot is Ballots.SECRET else "a vote"
    return one if found.ratio == 1 else f"{one}, {found.ratio} to 1"


def role(name: str, found: Role) -> str:
    """An office in a sentence."""
    where = " for each repository" if found.scope == "resource" else ""
    seats = f"{counted(found.seats, 'seat')}" if found.seats else "as many as are granted"
    way = f"elected (“{found.elected_by}”)" if found.elected_by else ""
    way = way or (f"granted (“{found.granted_by}”)" if found.granted_by else "filled by vote")
    terms = f", at most {counted(found.max_terms, 'term')} in a row" if found.max_terms else ""
    return (
        f"{name.capitalize()}{where}: {seats}, {way} for {counted(found.term_days, 'day')}{terms}."
    )


def step(found: Step) -> str:
    """A rung of the ladder."""
    length = f" for {counted(found.days, 'day')}" if found.days is not None else ""
    return RUNGS[found.rung] + length


def name_of(field: str) -> str:
    """What a dotted field is called in a sentence."""
    head, _, rest = field.partition(".")
    if head == "actions" and rest in set(Action):
        return f"{PARTS['actions']} {ACTIONS[Action(rest)]}"
    if head == "actions":
        return f"{PARTS['actions']} {rest}"
    if head in ("decisions", "roles"):
        name, _, inner = rest.partition(".")
        first = f"{PARTS[head]} “{name}”"
        return f"{first}, {_inner(inner)}" if inner else first
    return f"{PARTS.get(head, head)}, {_inner(rest)}" if rest else PARTS.get(head, head)


def value(field: str, found: Any) -> str:
    """A value as a sentence quotes it."""
    if isinstance(found, Step):
        return step(found)
    if isinstance(found, tuple):
        return listed([value(field, each) for each in found]) or "none"
    if isinstance(found, bool):
        return "true" if found else "false"
    if found is None:
        return "none"
    if isinstance(found, Parent):
        return f"{found.commons} (sha256:{found.digest})"
    if isinstance(found, Recall):
        return f"if {share(found.petition)} ask, by “{found.decision}”"
    last = field.rpartition("_")[2].rpartition(".")[2]
    if isinstance(found, int) and last in _UNITS:
        return f"{found:,} {_UNITS[last]}{'' if found == 1 else 's'}"
    if isinstance(found, float) and (field.endswith("share") or "petition" in field):
        return f"{found:.12g}"
    return f"“{found}”" if isinstance(found, str | StrEnum) else f"{found:.12g}"


def _inner(field: str) -> str:
    return ", ".join(PARTS.get(each, each.replace("_", " ")) for each in field.split("."))
