"""Whether a child's charter only narrows its parent's: a partial order on each field. Pure.

A child may raise what protects by being long or many, lower what burdens, take from what is
allowed, and add to what is owed. Each field has one order (`ORDERS`), transitive by itself, so that
a grandchild which narrows its parent narrows the grandparent too. What an action takes is compared
by what its procedure demands, not by what it is called.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from iriai.commons.charter.rules import (
    PANEL,
    Action,
    Ballots,
    Charter,
    Drift,
    Path,
    Procedure,
    Role,
    Who,
)

Holds = Callable[[Any, Any], bool]
"""Whether a child's value is within a parent's."""

_ENDLESS = float("inf")


def raised(child: float, parent: float) -> bool:
    """A minimum: a child may only raise it."""
    return child >= parent


def lowered(child: float | None, parent: float | None) -> bool:
    """A maximum, of which none is endless: a child may only lower it."""
    return (_ENDLESS if child is None else child) <= (_ENDLESS if parent is None else parent)


def fewer(child: tuple[Any, ...], parent: tuple[Any, ...]) -> bool:
    """What is allowed: a child may only take from it."""
    return set(child) <= set(parent)


def fewer_or_any(child: tuple[Any, ...], parent: tuple[Any, ...]) -> bool:
    """What is allowed, where a list without entries allows everything."""
    return not parent or (bool(child) and set(child) <= set(parent))


def more(child: tuple[Any, ...], parent: tuple[Any, ...]) -> bool:
    """What is owed: a child may only add to it."""
    return set(child) >= set(parent)


def kept(child: Any, parent: Any) -> bool:
    """What stays as it is."""
    return bool(child == parent)


def once_yes(child: bool, parent: bool) -> bool:
    """What protects while it is true."""
    return child or not parent


def once_no(child: bool, parent: bool) -> bool:
    """What endangers while it is true."""
    return parent or not child


def free(_child: Any, _parent: Any) -> bool:
    """What is each one's own."""
    return True


def _ranked(*words: Any) -> Holds:
    """Words from the loosest to the strictest."""
    return lambda child, parent: words.index(child) >= words.index(parent)


ORDERS: Mapping[str, Holds] = {
    "charter": kept,
    "commons": free,
    "preset": free,
    "parent": free,
    "members.kinds.person": free,
    "members.kinds.institution": free,
    "members.admit.sponsors": raised,
    "members.admit.or_contributions": raised,
    "members.elector_after_days": raised,
    "members.emeritus_after_days": raised,
    "members.max_share_per_institution": lowered,
    "licences.allow": fewer_or_any,
    "licences.drift": _ranked(Drift.WARN, Drift.BLOCK),
    "openness.min_mof_class": lowered,
    "openness.data_card": _ranked(None, "recommended", "required"),
    "gates.reasons": kept,
    "gates.answer_days": lowered,
    "gates.appeal": kept,
    "gates.reapply_days": lowered,
    "sanctions.fade_days": lowered,
    "sanctions.stay_on_appeal": once_yes,
    "holds.by": raised,
    "holds.max_hours": lowered,
    "holds.grounds": fewer,
    "appeals.window_days": raised,
    "appeals.panel": raised,
    "appeals.answer_days": lowered,
    "appeals.exclude": more,
    "removal.ack_days": lowered,
    "removal.decide_days": lowered,
    "removal.mirrors_hours": lowered,
    "pool.floor_share": raised,
    "pool.queue_share": free,
    "pool.round_share": free,
    "pool.queue_rule": kept,
    "pool.small_share": lowered,
    "pool.reclaim_cold_days": raised,
    "pool.notice_days": raised,
    "rights": more,
    "operator.break_glass": once_no,
    "operator.ratify_days": lowered,
}
"""The order of each field that has a value of its own; the others are compared by `_SECTIONS`."""

COMPARED = ("actions", "decisions", "roles", "sanctions.ladder", "members.admit.decision", "later")
"""What is compared by what it demands."""


def widened(child: Charter, parent: Charter) -> list[str]:
    """The fields, dotted, in which `child` allows more or protects less than `parent`."""
    found = [
        field for field, holds in ORDERS.items() if not holds(_at(child, field), _at(parent, field))
    ]
    for each in (_admission, _ladder, _actions, _roles):
        found += each(child, parent)
    return list(dict.fromkeys(found))


def narrows(child: Charter, parent: Charter) -> bool:
    """Whether a commons of `parent` could have a child of this charter."""
    return not widened(child, parent)


def _at(charter: Charter, field: str) -> Any:
    value: Any = charter
    for name in field.split("."):
        value = getattr(value, "stewards" if field == "holds.by" and name == "by" else name)
    return value


def _admission(child: Charter, parent: Charter) -> Iterator[str]:
    names = (child.members.admit.decision, parent.members.admit.decision)
    if not _as_strict(child, names[0], parent, names[1]):
        yield "members.admit.decision"


def _ladder(child: Charter, parent: Charter) -> Iterator[str]:
    """A rung less is milder; one more, or a longer one, is not."""
    allowed = {step.rung: step.days for step in parent.sanctions.ladder}
    for step in child.sanctions.ladder:
        if step.rung not in allowed or not lowered(step.days, allowed[step.rung]):
            yield f"sanctions.ladder.{step.rung}"


def _actions(child: Charter, parent: Charter) -> Iterator[str]:
    for action in Action:
        names = child.actions[action], parent.actions[action]
        if _as_strict(child, names[0], parent, names[1]):
            continue
        if names[0] != names[1]:
            yield f"actions.{action}"
        else:
            wider = _wider(child, parent, names[0])
            yield from (f"decisions.{names[0]}.{field}" for field in wider)


def _roles(child: Charter, parent: Charter) -> Iterator[str]:
    """An office the parent has stays: a grandchild could bring it back with any terms."""
    for name, there in parent.roles.items():
        here = child.roles.get(name)
        if here is None:
            yield f"roles.{name}"
        else:
            yield from _role(child, here, parent, there, f"roles.{name}")


def _role(child: Charter, here: Role, parent: Charter, there: Role, at: str) -> Iterator[str]:
    if not lowered(here.term_days, there.term_days):
        yield f"{at}.term_days"
    if not lowered(here.max_terms, there.max_terms):
        yield f"{at}.max_terms"
    if here.scope != there.scope:
        yield f"{at}.scope"
    for field in ("elected_by", "granted_by"):
        ours, theirs = getattr(here, field), getattr(there, field)
        if theirs is not None and (ours is None or not _as_strict(child, ours, parent, theirs)):
            yield f"{at}.{field}"
    if there.recall is None:
        return
    if here.recall is None:
        yield f"{at}.recall"
    elif not lowered(here.recall.petition, there.recall.petition):
        yield f"{at}.recall.petition"


def _as_strict(child: Charter, ours: str, parent: Charter, theirs: str) -> bool:
    """Whether one procedure demands at least what another does. A panel is like no vote."""
    if PANEL in (ours, theirs):
        if theirs == PANEL:
            return ours == PANEL
        return theirs in parent.decisions and parent.decisions[theirs].path is not Path.VOTE
    if ours not in child.decisions or theirs not in parent.decisions:
        return ours == theirs
    return not _shortfalls(child, child.decisions[ours], parent, parent.decisions[theirs])


def _wider(child: Charter, parent: Charter, name: str) -> list[str]:
    return _shortfalls(child, child.decisions[name], parent, parent.decisions[name])


def _shortfalls(child: Charter, ours: Procedure, parent: Charter, theirs: Procedure) -> list[str]:
    """The fields in which one procedure demands less than another."""
    if theirs.path is Path.AT_ONCE:
        at_once = ours.path is Path.AT_ONCE
        alike = ours.who is theirs.who or (ours.who, theirs.who) == (Who.ALL_OWNERS, Who.OWNERS)
        return ["who"] if at_once and not alike else []
    if theirs.path is Path.VOTE:
        return ["path"] if ours.path is not Path.VOTE else _votes(ours, theirs)
    if ours.path is Path.AT_ONCE:
        return ["path"]
    settled = parent.decisions.get(theirs.on_objection)
    if ours.path is Path.VOTE:
        return ["path"] if settled is not None and _votes(ours, settled) else []
    found = [name for name in ("hours", "second") if getattr(ours, name) < getattr(theirs, name)]
    leads_to = child.decisions.get(ours.on_objection)
    if settled is not None and (leads_to is None or _votes(leads_to, settled)):
        found.append("on_objection")
    return found


def _votes(ours: Procedure, theirs: Procedure) -> list[str]:
    if ours.path is not Path.VOTE or theirs.path is not Path.VOTE:
        return [] if ours.path is theirs.path else ["path"]
    found = [
        name
        for name in ("deliberate_days", "vote_days", "ratio", "quorum_factor")
        if getattr(ours, name) < getattr(theirs, name)
    ]
    found += [
        name
        for name in ("counter", "one_seat", "many_seats")
        if getattr(ours, name) is not getattr(theirs, name)
    ]
    if theirs.ballot is Ballots.SECRET and ours.ballot is not Ballots.SECRET:
        found.append("ballot")
    if ours.casting is not None and ours.casting != theirs.casting:
        found.append("casting")
    return found
