"""Whether the parts of a charter fit together: names lead somewhere, sums add up. Pure.

Each fault is the dotted field and the rule it breaks. Besides slips these find the charters under
which nobody could decide something, and those under which one person could decide everything.
"""

from collections.abc import Iterator

from iriai.commons.charter.fields import (
    BY_VOTE,
    LICENCE,
    MAY_BE_PANELS,
    NEVER_ALONE,
    PANEL,
)
from iriai.commons.charter.rules import Action, Charter, Path, Procedure, Rung, Who

Fault = tuple[str, str]

STEWARD, MAINTAINER = "steward", "maintainer"
SHARES_OFF_MAX = 1e-6
_TIMED = frozenset({Rung.THROTTLE, Rung.WRITE, Rung.SUSPEND})


def faults(charter: Charter, *, commons: str | None = None) -> Iterator[Fault]:
    """All that does not fit; with `commons`, the charter must be that one's."""
    if commons is not None and charter.commons.casefold() != commons.casefold():
        yield "commons", f"is “{commons}” here, for a charter names the commons it is of"
    yield from _members(charter)
    yield from _roles(charter)
    for name, procedure in charter.decisions.items():
        yield from _procedure(charter, name, procedure)
    yield from _actions(charter)
    yield from _limits(charter)
    if charter.is_collective:
        yield from _collective(charter)


def _members(charter: Charter) -> Iterator[Fault]:
    kinds = charter.members.kinds
    if kinds.person == 0 and kinds.institution == 0:
        yield "members.kinds", "gives a vote to persons or to institutions, or nobody decides"
    admit = charter.members.admit.decision
    if charter.is_collective and admit not in charter.decisions:
        yield "members.admit.decision", _no_decision(admit, charter)
    if charter.actions[Action.MEMBER_ADMIT] != admit and charter.is_collective:
        other = charter.actions[Action.MEMBER_ADMIT]
        yield "members.admit.decision", f"is “{other}”, for so says actions.member.admit"


def _roles(charter: Charter) -> Iterator[Fault]:
    for name, role in charter.roles.items():
        at = f"roles.{name}"
        if role.elected_by is not None:
            yield from _is_vote(charter, f"{at}.elected_by", role.elected_by)
        if role.granted_by is not None and role.granted_by not in charter.decisions:
            yield f"{at}.granted_by", _no_decision(role.granted_by, charter)
        if role.recall is not None:
            yield from _is_vote(charter, f"{at}.recall.decision", role.recall.decision)
        if role.scope == "resource" and role.seats is not None:
            yield f"{at}.seats", "is left out for a role that has its seats by repository"


def _is_vote(charter: Charter, field: str, name: str) -> Iterator[Fault]:
    found = charter.decisions.get(name)
    if found is None:
        yield field, _no_decision(name, charter)
    elif found.path is not Path.VOTE:
        yield field, f"names a decision by vote, and “{name}” is none"


def _procedure(charter: Charter, name: str, procedure: Procedure) -> Iterator[Fault]:
    at = f"decisions.{name}"
    if procedure.path is Path.LAZY:
        leads_to = charter.decisions.get(procedure.on_objection)
        if leads_to is None:
            yield f"{at}.on_objection", _no_decision(procedure.on_objection, charter)
        elif leads_to.path is not Path.VOTE:
            yield f"{at}.on_objection", "names a decision by vote: an objection has to be settled"
    casts = procedure.casting if procedure.path is Path.VOTE else None
    if casts is not None and casts not in charter.roles:
        yield f"{at}.casting", f"names a role, and there is none called “{casts}”"
    if procedure.path is Path.AT_ONCE and charter.is_collective:
        if procedure.who in {Who.OWNERS, Who.ALL_OWNERS}:
            rule = "is members, stewards or maintainers: where members decide nobody is an owner"
            yield f"{at}.who", rule
        wanted = STEWARD if procedure.who is Who.STEWARDS else MAINTAINER
        if procedure.who in (Who.STEWARDS, Who.MAINTAINERS) and wanted not in charter.roles:
            yield f"{at}.who", f"names {procedure.who}, and there is no role “{wanted}”"
    elif procedure.path is Path.AT_ONCE and procedure.who not in (Who.OWNERS, Who.ALL_OWNERS):
        yield f"{at}.who", "is owners or all_owners while owners decide"


def _actions(charter: Charter) -> Iterator[Fault]:
    for action, name in charter.actions.items():
        at = f"actions.{action}"
        if name == PANEL:
            if action not in MAY_BE_PANELS:
                yield at, "is for the members to decide; a panel judges about one person"
            continue
        if name not in charter.decisions:
            yield at, _no_decision(name, charter)
            continue
        if not charter.is_collective:
            continue
        path = charter.decisions[name].path
        if action in BY_VOTE and path is not Path.VOTE:
            yield at, f"takes a decision by vote, and “{name}” is none"
        elif action in NEVER_ALONE and path is Path.AT_ONCE:
            yield at, f"is never one person's to decide, as “{name}” would have it"
    gates = charter.gates.appeal
    if gates != PANEL and gates not in charter.decisions:
        yield "gates.appeal", f"is {PANEL}, or " + _no_decision(gates, charter)


def _collective(charter: Charter) -> Iterator[Fault]:
    if STEWARD not in charter.roles:
        yield "roles", "has a role “steward”: somebody must be able to place a hold"
    amend, entrenched = (
        charter.decisions.get(charter.actions[action])
        for action in (Action.CHARTER_AMEND, Action.CHARTER_AMEND_ENTRENCHED)
    )
    if amend is None or entrenched is None:
        return  # `_actions` says that there is none of that name
    for field in ("ratio", "quorum_factor", "deliberate_days", "vote_days"):
        if getattr(entrenched, field) < getattr(amend, field):
            name = charter.actions[Action.CHARTER_AMEND_ENTRENCHED]
            yield f"decisions.{name}.{field}", "is no less than that of charter.amend"


def _limits(charter: Charter) -> Iterator[Fault]:
    pool = charter.pool
    if abs(pool.floor_share + pool.queue_share + pool.round_share - 1) > SHARES_OFF_MAX:
        yield "pool", "has floor_share, queue_share and round_share that add up to 1"
    if charter.appeals.panel % 2 == 0:
        yield "appeals.panel", "is an odd number, so that a panel has a majority"
    yield from _ladder(charter)
    for each in charter.licences.allow:
        if not LICENCE.fullmatch(each):
            yield "licences.allow", f"has SPDX identifiers such as Apache-2.0, not “{each[:60]}”"
    for name, procedure in charter.later.items():
        if procedure not in charter.decisions:
            yield f"actions.{name}", _no_decision(procedure, charter)


def _ladder(charter: Charter) -> Iterator[Fault]:
    at = "sanctions.ladder"
    rungs = [step.rung for step in charter.sanctions.ladder]
    order = [each for each in Rung if each in rungs]
    if not rungs or rungs != order:
        yield at, f"goes from the mildest to the gravest: {', '.join(order or list(Rung))}"
    for step in charter.sanctions.ladder:
        if step.rung in _TIMED and step.days is None:
            yield at, f"says for how long {step.rung} lasts, such as {step.rung}_14d"
        elif step.rung not in _TIMED and step.days is not None:
            yield at, f"gives {step.rung} no length: it has none"


def _no_decision(name: str, charter: Charter) -> str:
    known = ", ".join(charter.decisions)
    return f"names one of the decisions ({known}), and “{name[:40]}” is none of them"
