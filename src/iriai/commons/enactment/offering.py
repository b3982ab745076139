"""What somebody can propose: the list of it, what there is to choose from, and how it will read.

Choices come from what exists and from what its reader may know of: nobody learns here of a private
repository.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from iriai.base.errors import Conflict, HubError, Invalid
from iriai.base.tx import Tx
from iriai.buckets import queries as buckets
from iriai.commons import queries as commons
from iriai.commons.breakglass import queries as operators
from iriai.commons.breakglass.rules import State as Standing
from iriai.commons.charter import amending, rights, words
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import PANEL, Action, Charter, Path
from iriai.commons.enactment import children, custody
from iriai.commons.enactment.buckets import PREFIX as BUCKETS
from iriai.commons.enactment.registry import Payload, can_enact, enactor
from iriai.commons.enactment.resources import resource
from iriai.commons.membership import queries as membership
from iriai.commons.membership.rules import State
from iriai.commons.pot import queries as pots
from iriai.commons.pot import rules as pot_rules
from iriai.commons.pot.rules import State as Allotted
from iriai.commons.pot.rules import said
from iriai.commons.proposals import actions as proposals
from iriai.commons.proposals import forms, telling
from iriai.commons.proposals.forms import Field, Source
from iriai.commons.removal import queries as removals
from iriai.commons.removal import rules as removal
from iriai.discussions import queries as discussions
from iriai.discussions.queries import Filters
from iriai.identity.rules import Actor
from iriai.repos import queries as repos
from iriai.repos.guarded import is_charter

Choices = tuple[tuple[str, str], ...]
SHOWN_MAX = 500
WARDS_SOUGHT_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Line:
    """One action that can be proposed, and how it will be decided. `offices`: what to elect.

    `way` names the way in which more than one decides; it is empty where one does at once.
    """

    action: Action
    words: str
    how: str
    way: str
    offices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Actions that belong together."""

    title: str
    lines: tuple[Line, ...]


def offered(charter: Charter) -> list[Group]:
    """All that can be proposed under a charter. What only a panel decides is a case instead."""
    found = []
    for title, actions in forms.GROUPS:
        lines = tuple(_line(charter, each) for each in actions if _is_offered(charter, each))
        if lines:
            found.append(Group(title, lines))
    return found


def _is_offered(charter: Charter, action: Action) -> bool:
    if not can_enact(action) or charter.actions.get(action, PANEL) == PANEL:
        return False
    if not words.is_proposed(charter, action):
        return False
    return action is not Action.SEAT_FILL or bool(_elected(charter))


def _line(charter: Charter, action: Action) -> Line:
    offices = _elected(charter) if action is Action.SEAT_FILL else ()
    name = charter.actions[action]
    way = "" if charter.decisions[name].path is Path.AT_ONCE else name
    return Line(action, telling.ACTIONS[action], rights.in_brief(charter, action), way, offices)


def _elected(charter: Charter) -> tuple[str, ...]:
    return tuple(sorted(name for name, role in charter.roles.items() if role.elected_by))


def reads(
    tx: Tx,
    actor: Actor,
    commons_id: int,
    *,
    action: Action,
    payload: Payload,
    voice: int | str | None = None,
) -> str:
    """What a proposal would do, in the words that members would read; for members alone."""
    charter = charters.in_force(tx, commons_id)
    proposals.require_taking_part(tx, actor, commons_id, charter, voice)
    how = enactor(action)
    return how.words(how.clean(tx, commons_id, payload))


def choices(
    tx: Tx, actor: Actor, commons_id: int, fields: tuple[Field, ...], given: Mapping[str, str]
) -> dict[str, Choices]:
    """What there is to choose for each field that has to be something that exists."""
    found: dict[str, Choices] = {}
    for each in fields:
        inner = choices(tx, actor, commons_id, each.columns, given)
        found |= {f"{each.name}.{name}": those for name, those in inner.items()}
        if each.source is Source.PULL:
            found[each.name] = _pulls(tx, actor, commons_id, given)
        elif each.source is not None:
            found[each.name] = _OF[each.source](tx, actor, commons_id)[:SHOWN_MAX]
        elif each.choices:
            found[each.name] = each.choices
    return found


def _repositories(tx: Tx, actor: Actor, commons_id: int) -> Choices:
    owner = membership.organisation_id(tx, commons_id)
    if owner is None:
        return ()
    return tuple(
        (each.address, f"{each.name} ({each.kind})")
        for each in repos.repos_of(tx, actor, owner)
        if not is_charter(each)
    )


def _repositories_and_buckets(tx: Tx, actor: Actor, commons_id: int) -> Choices:
    owner = membership.organisation_id(tx, commons_id)
    stored = () if owner is None else buckets.buckets_of(tx, actor, owner, limit=SHOWN_MAX)
    found = ((f"{BUCKETS}{each.full_name}", f"{each.name} (bucket)") for each in stored)
    return _repositories(tx, actor, commons_id) + tuple(found)


def _pulls(tx: Tx, actor: Actor, commons_id: int, given: Mapping[str, str]) -> Choices:
    try:
        found = resource(tx, commons_id, given)
        seen = repos.repo(tx, actor, found.kind, found.full_name)
    except HubError:
        return ()
    page = discussions.discussions(tx, seen, Filters(kind="pull_request", status="open"))
    return tuple((str(each.number), each.title) for each in page.discussions)


def _charter_pulls(tx: Tx, _actor: Actor, commons_id: int) -> Choices:
    try:
        repo = amending.repository(tx, commons_id)
    except HubError:
        return ()
    page = discussions.discussions(tx, repo, Filters(kind="pull_request", status="open"))
    return tuple((str(each.number), f"#{each.number} {each.title}") for each in page.discussions)


def _people(tx: Tx, commons_id: int, *states: State) -> Choices:
    if not charters.in_force(tx, commons_id).is_collective:
        return tuple((each.name, "") for each in membership.owners(tx, commons_id))
    return tuple(
        (each.name, "") for each in membership.rows(tx, commons_id) if each.state in states
    )


def _members(tx: Tx, _actor: Actor, commons_id: int) -> Choices:
    return _people(tx, commons_id, State.MEMBER, State.EMERITUS, State.SUSPENDED)


def _applicants(tx: Tx, _actor: Actor, commons_id: int) -> Choices:
    return tuple(
        (each.name, each.name)
        for each in membership.rows(tx, commons_id)
        if each.state is State.APPLICANT
        and membership.requirement(tx, commons_id, each.account_id).is_met
    )


def _offices(tx: Tx, _actor: Actor, commons_id: int) -> Choices:
    roles = charters.in_force(tx, commons_id).roles
    return tuple((name, name) for name in sorted(roles) if roles[name].elected_by is None)


def _seats(tx: Tx, _actor: Actor, commons_id: int) -> Choices:
    return tuple(
        (str(each.id), f"{each.role}: {each.holder}, until {each.ends_at:%-d %B %Y}")
        for each in membership.seats(tx, commons_id)
        if each.starts_at <= tx.now < each.ends_at
    )


def _wards(tx: Tx, _actor: Actor, commons_id: int) -> Choices:
    found = []
    for each in commons.all_commons(tx)[:WARDS_SOUGHT_MAX]:
        try:
            name = custody.ward(tx, commons_id, each.name)
        except (Invalid, Conflict):
            continue
        found.append((name, name))
    return tuple(found)


def _units(tx: Tx, _actor: Actor, commons_id: int) -> Choices:
    units = dict.fromkeys(each.unit for each in pots.pools(tx, commons_id))
    return tuple((each, pot_rules.title(each)) for each in units)


def _allotments(tx: Tx, _actor: Actor, commons_id: int) -> Choices:
    return tuple(
        (str(each.id), f"{said(each.unit, each.amount)} of {each.holder} for {each.project}")
        for each in pots.allotments(tx, commons_id)
        if each.state is Allotted.GRANTED
    )


def _removals(tx: Tx, _actor: Actor, commons_id: int) -> Choices:
    return tuple(
        (str(each.number), f"Request {each.number}, received {each.received_at:%-d %B %Y}")
        for each in removals.removals(tx, commons_id)
        if each.state in removal.OPEN
    )


def _acts(tx: Tx, _actor: Actor, commons_id: int) -> Choices:
    return tuple(
        (str(each.id), f"{each.act} {each.subject}, {each.done_at:%-d %B %Y}")
        for each in operators.acts(tx, commons_id)
        if each.state == Standing.STANDING
    )


def _children(tx: Tx, _actor: Actor, commons_id: int) -> Choices:
    return tuple((each, each) for each in children.waiting(tx, commons_id))


_OF: Mapping[Source, Callable[[Tx, Actor, int], Choices]] = {
    Source.REPOSITORY: _repositories,
    Source.REPOSITORY_OR_BUCKET: _repositories_and_buckets,
    Source.CHARTER_PULL: _charter_pulls,
    Source.MEMBER: _members,
    Source.APPLICANT: _applicants,
    Source.OFFICE: _offices,
    Source.SEAT: _seats,
    Source.WARD: _wards,
    Source.UNIT: _units,
    Source.ALLOTMENT: _allotments,
    Source.REMOVAL: _removals,
    Source.OPERATOR_ACT: _acts,
    Source.CHILD: _children,
}
