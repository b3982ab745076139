"""Who it takes: the bench of each rung, and among whom a panel's lot is drawn."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from iriai.base.errors import Denied
from iriai.commons.cases import bench, rules
from iriai.commons.cases.rules import Bench, Concern
from iriai.commons.charter import presets
from iriai.commons.charter.rules import Conflict

NOW = datetime(2026, 1, 5, tzinfo=UTC)
CHARTER = presets.charter("university", "lab")


def candidate(number, *, days=400, institution=None):
    return bench.Candidate(number, f"m{number}", NOW - timedelta(days=days), institution)


def drawn(candidates, charter=CHARTER, **who):
    facts = {"parties": (), "institutions": (), "sat": ()} | who
    return {each.id for each in bench.pool(candidates, charter, **facts, now=NOW)}


def test_who_has_been_an_elector_for_ninety_days_may_be_drawn_and_nobody_sooner():
    those = [candidate(1), candidate(2, days=90), candidate(3, days=89), candidate(4, days=0)]
    assert drawn(those) == {1, 2}


def test_parties_and_who_is_from_their_institution_and_the_last_panels_are_not_drawn():
    those = [candidate(n, institution=n % 3 or None) for n in range(1, 9)]
    assert drawn(those) == set(range(1, 9))
    assert drawn(those, parties={1, 8}) == {2, 3, 4, 5, 6, 7}
    assert drawn(those, institutions={1}) == {2, 3, 5, 6, 8}
    assert drawn(those, sat={2, 3}) == {1, 4, 5, 6, 7, 8}
    assert drawn(those, parties={8}, institutions={2}, sat={3}) == {1, 4, 6, 7}


def test_whoever_the_charter_does_not_exclude_may_be_drawn_but_never_a_party():
    free = replace(CHARTER, appeals=replace(CHARTER.appeals, exclude=(Conflict.PARTY,)))
    those = [candidate(n, institution=1) for n in range(1, 5)]
    assert drawn(those, free, parties={1}, institutions={1}, sat={2}) == {2, 3, 4}


@pytest.mark.parametrize(
    ("rung", "stewards", "takes"),
    [
        ("nudge", 1, Bench.STEWARD),
        ("write", 1, Bench.STEWARD),
        ("suspend", 2, Bench.TWO_STEWARDS),
        ("suspend", 1, None),
        ("suspend", 0, None),
        ("expel", 9, None),
    ],
)
def test_one_steward_two_or_a_panel_apply_a_rung(rung, stewards, takes):
    wanted = rules.level(rules.ladder(CHARTER, Concern.PERSON), rung)
    if takes is None:
        with pytest.raises(Denied) as refused:
            rules.require_bench(wanted, stewards)
        assert refused.value.code == "PanelOnly"
    else:
        assert rules.require_bench(wanted, stewards) is takes
