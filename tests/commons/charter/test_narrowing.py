"""A child may only narrow: every field has an order, and the orders hold along a chain."""

from collections import Counter
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given, settings

from iriai.commons.charter import differences, narrowing, presets
from iriai.commons.charter.narrowing import narrows, widened
from iriai.commons.charter.rules import LADDER, Action, Preset, Right, Rung, Step
from tests.commons.charter.charters import START, chains, charters
from tests.conftest import LONG


def test_a_proprietary_licence_a_year_of_suspension_and_no_fork_are_three_fields():
    parent = presets.charter(Preset.CONSORTIUM, "lab")
    ladder = tuple(
        Step(rung=each.rung, days=365) if each.rung is Rung.SUSPEND else each for each in LADDER
    )
    child = replace(
        parent,
        commons="child",
        licences=replace(parent.licences, allow=(*parent.licences.allow, "LicenseRef-Proprietary")),
        sanctions=replace(parent.sanctions, ladder=ladder),
        rights=tuple(each for each in Right if each is not Right.FORK),
    )
    assert widened(child, parent) == ["licences.allow", "rights", "sanctions.ladder.suspend"]


@given(charters())
def test_a_charter_narrows_itself(charter):
    assert widened(charter, charter) == []


@pytest.mark.timeout(1_800 if LONG else 300)
def test_narrowing_is_transitive():
    tried = Counter()

    @settings(max_examples=50_000 if LONG else 600)
    @given(chains())
    def holds(chain):
        one, two, three = chain
        is_chain = narrows(two, one) and narrows(three, two)
        tried[is_chain, one != two != three != one] += 1
        assert not is_chain or widened(three, one) == []

    holds()
    assert tried[True, True] > tried.total() // 3, "too few of these chains prove anything"


@given(charters())
def test_every_field_has_an_order(charter):
    for field in differences.flat(charter):
        known = field in narrowing.ORDERS or field.startswith(narrowing.COMPARED)
        assert known or field == "actions.peer.add", field


def test_an_office_of_the_parent_stays():
    roles = {name: role for name, role in START.roles.items() if name != "maintainer"}
    without = replace(START, roles=MappingProxyType(roles))
    assert widened(without, START) == ["roles.maintainer"]
    assert widened(START, without) == []


def test_what_is_narrowed_is_allowed():
    strict = replace(
        START,
        licences=replace(START.licences, allow=("MIT",)),
        holds=replace(START.holds, max_hours=24, stewards=3),
        appeals=replace(START.appeals, window_days=30),
        actions=MappingProxyType(dict(START.actions) | {Action.RESOURCE_GATE: "significant"}),
    )
    assert widened(strict, START) == []
    assert widened(START, strict) == [
        "licences.allow",
        "holds.by",
        "holds.max_hours",
        "appeals.window_days",
        "actions.resource.gate",
    ]


@pytest.mark.parametrize("preset", [Preset.OWNERS, Preset.SOLO])
def test_a_child_where_owners_decide_is_wider_than_one_where_members_do(preset):
    assert "actions.resource.delete" in widened(presets.charter(preset, "child"), START)


def test_a_way_is_compared_by_what_it_demands_and_not_by_its_name():
    ways = dict(START.decisions)
    ways["ordinary"] = replace(ways["ordinary"], hours=1)
    child = replace(START, decisions=MappingProxyType(ways))
    assert "decisions.ordinary.hours" in widened(child, START)
