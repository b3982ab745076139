"""Who may do what: every action, office and membership state equals the table of the charter.

The table is computed here, from the charter alone and in other words than the hub's own. It is held
against what the hub lets through where all doors meet, over the six presets, and against the hub's
rule over charters that nobody has written.
"""

from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.errors import HubError
from iriai.base.events import HUB
from iriai.commons import enactment
from iriai.commons.charter import presets
from iriai.commons.charter.rules import PANEL, Action, Charter, Path, Preset, Procedure, Who
from iriai.commons.enactment import deciding
from iriai.commons.membership.rules import Seat, Standing, State
from iriai.identity.rules import ANYONE, Role
from iriai.repos import queries
from iriai.repos.rules import HeldBy
from tests.support.commons import Town

OFFICES = (None, "maintainer", "maintainer of it", "maintainer of another")
OFFICES += ("steward", "secretary", "past steward")
STATES = ("visitor", "applicant", "member", "emeritus", "suspended", "left", "expelled")
RESOURCE = [each for each in Action if each.startswith("resource.")]
ROLES = (None, Role.READ, Role.CONTRIBUTOR, Role.WRITE, Role.ADMIN)
EVERYDAY = {"resource.create", "resource.merge", "resource.gate", "resource.visibility"}


def expected(charter, action, *, state, office):
    """Whether the charter lets somebody of this state and office do this at once."""
    name = charter.actions[action]
    if name == PANEL:
        return False
    way = charter.decisions[name]
    if way.path != "at_once" or state != "member":
        return False
    steward = office == "steward"
    maintains = office in ("maintainer", "maintainer of it")
    allowed = {
        "members": True,
        "stewards": steward,
        "maintainers": steward or maintains,
        "owners": False,
        "all_owners": False,
    }[way.who]
    return allowed or (action == "resource.merge" and office == "past steward")


def seat(role, repo_id, moment):
    return Seat(1, role, 7, "ada", repo_id, moment, moment, None, 1)


def standing_of(state, office, moment):
    """Somebody's standing, as membership gives it: only members hold office."""
    if state != "member":
        return Standing(state=State(state))
    seats, cares = (), ()
    if office in ("maintainer", "steward", "secretary"):
        seats = (seat(office, None, moment),)
    elif office == "maintainer of it":
        seats = (seat("maintainer", 3, moment),)
    elif office == "maintainer of another":
        seats = (seat("maintainer", 4, moment),)
    elif office == "past steward":
        cares = (seat("steward", None, moment),)
    return Standing(
        state=State.MEMBER, is_member=True, is_elector=True, votes=1, seats=seats, cares_for=cares
    )


procedures = st.builds(
    Procedure,
    path=st.sampled_from(Path),
    who=st.sampled_from(Who),
    hours=st.integers(1, 200),
    ratio=st.integers(1, 3),
)


@st.composite
def charters(draw):
    ways = draw(st.dictionaries(st.sampled_from("abcdef"), procedures, min_size=1, max_size=6))
    named = st.sampled_from([*sorted(ways), PANEL])
    actions = {action: draw(named) for action in Action}
    preset = draw(st.sampled_from([each for each in Preset if each not in ("solo", "owners")]))
    return Charter(
        commons="lab",
        preset=preset,
        decisions=MappingProxyType(ways),
        actions=MappingProxyType(actions),
    )


states = st.one_of(st.just("member"), st.sampled_from(STATES))  # who can do most, most often


@given(charters(), st.sampled_from(Action), states, st.sampled_from(OFFICES))
def test_the_rule_is_the_table_of_any_charter(charter, action, state, office):
    from datetime import UTC, datetime

    standing = standing_of(state, office, datetime(2026, 1, 1, tzinfo=UTC))
    if state == "applicant":
        standing = Standing(state=State.APPLICANT)
    may = deciding.may_at_once(charter, standing, action, repo_id=3, owners=0)
    assert may == expected(charter, action, state=state, office=office)


class _Undone(Exception):
    """What was tried is taken back."""


def tried(town, act):
    """Whether the hub lets this through; it is undone either way."""
    try:
        with town.ground.write() as tx:
            act(tx)
            raise _Undone
    except _Undone:
        return True
    except HubError:
        return False


def attempts(actor, repo, owner_id):
    """Where every door comes to: web, wire, git and command line call these and nothing else."""
    return {
        Action.RESOURCE_DELETE: lambda tx: enactment.delete_repository(tx, actor, repo),
        Action.RESOURCE_TRANSFER: lambda tx: enactment.move_repository(
            tx, actor, repo, to_owner="lab", to_name="other"
        ),
        Action.RESOURCE_VISIBILITY: lambda tx: enactment.change_settings(
            tx, actor, repo, visibility="private"
        ),
        Action.RESOURCE_GATE: lambda tx: enactment.change_settings(
            tx, actor, repo, discussions_disabled=True
        ),
        Action.RESOURCE_RELICENSE: lambda tx: enactment.decide(
            tx, actor, Action.RESOURCE_RELICENSE, repo
        ),
        Action.RESOURCE_MERGE: lambda tx: enactment.decide(tx, actor, Action.RESOURCE_MERGE, repo),
        Action.RESOURCE_CREATE: lambda tx: deciding.decide_for(
            tx, actor, Action.RESOURCE_CREATE, owner_id=owner_id, owner="lab"
        ),
    }


@pytest.mark.parametrize("preset", [each for each in Preset if each not in ("solo", "owners")])
def test_every_role_and_office_is_let_do_what_the_charter_says_and_nothing_else(ground, preset):
    town = Town(ground).found(preset, "zoe")
    charter = presets.charter(preset, "lab")
    with ground.write() as tx:
        from iriai.identity import queries as identity

        owner_id = identity.account(tx, "lab").id
    for state in ("visitor", "member", "suspended", "emeritus", "left", "expelled", "applicant"):
        person = f"some-{state}"
        town.person(person)
        if state != "visitor":
            town.join(person, state=state, is_founder=False)
    town.join("gus")
    town.seat("gus", "steward")
    town.join("max")
    town.seat("max", "maintainer")
    town.join("eve")
    town.seat("eve", "steward", days=0)
    made = _held(town)
    false_allows, false_denials = [], []
    people = [(f"some-{state}", state, None) for state in STATES]
    people += [
        ("gus", "member", "steward"),
        ("max", "member", "maintainer"),
        ("eve", "member", None),
    ]
    for name, state, office in people:
        for role in ROLES:
            town.role(name, role)
            actor = town.person(name)
            for action, act in attempts(actor, made, owner_id).items():
                let = tried(town, act)
                due = expected(charter, action, state=state, office=office)
                case = (preset, name, role, action)
                if let and not due:
                    false_allows.append(case)
                if due and not let:
                    false_denials.append(case)
    assert false_allows == []
    assert false_denials == []
    for action, act in attempts(ANYONE, made, owner_id).items():
        assert not tried(town, act), action


@pytest.mark.parametrize("preset", ["solo", "owners"])
@pytest.mark.parametrize("role", ROLES)
def test_under_owners_only_an_administrator_does_what_cannot_be_undone(ground, preset, role):
    town = Town(ground).found(preset, "zoe")
    town.person("bob")
    made = _held(town)
    with ground.write() as tx:
        from sqlalchemy import insert

        from iriai.identity.tables import Membership

        if role is not None:
            row = {
                "organisation_id": town.account_id,
                "person_id": town.person("bob").id,
                "role": role.value,
                "since": tx.now,
            }
            tx.connection.execute(insert(Membership).values(**row))
            tx.record(HUB, "system:test", "granted", "membership/lab/bob")
    town.role("bob", role)
    for action, act in attempts(town.person("bob"), made, town.account_id).items():
        if action not in EVERYDAY:
            assert tried(town, act) == (role is Role.ADMIN), action


def _held(town):
    made = (
        enactment.create_repository(
            town.ground, town.person("zoe"), kind="model", owner="lab", name="tiny"
        )
        if _may_create(town)
        else _by_hand(town)
    )
    with town.ground.read() as tx:
        return replace(queries.by_id(tx, made.id), creator_id=None)


def _may_create(town):
    with town.ground.read() as tx:
        try:
            deciding.decide_for(
                tx,
                town.person("zoe"),
                Action.RESOURCE_CREATE,
                owner_id=town.account_id,
                owner="lab",
            )
        except HubError:
            return False
        return True


def _by_hand(town):
    from iriai.repos import actions as repos

    return repos.create(
        town.ground,
        town.person("zoe"),
        kind="model",
        owner="lab",
        name="tiny",
        held_by=HeldBy.COMMONS,
    )
