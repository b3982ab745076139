"""Real rounds: what Equal Shares decided officially, and whom the usual way leaves with nothing."""

import pytest
from tests.conftest import LONG
from tests.support.archives import members

from iriai.commons.counting import equal_shares, greedy, pabulib

LARGE = 20_000


@pytest.fixture(scope="module")
def rounds():
    return [pabulib.read(raw) for raw in members("pabumeasures", "data/", ".pb")]


def test_every_round_that_equal_shares_decided_has_its_official_outcome(rounds):
    decided = [each for each in rounds if each.meta.get("rule", "").startswith("equalshares")]
    assert len(decided) == 2
    for each in decided:
        outcome = equal_shares.count(each.projects, each.ballots, each.budget, step=each.unit)
        assert outcome.cost <= each.budget
        assert not each.selected or set(outcome.selected) == each.selected


def test_what_was_decided_by_approvals_is_found_by_approvals(rounds):
    """Warsaw and Wrocław had rules of their own beside: projects that exclude each other."""
    others = [each for each in rounds if each.meta.get("rule") == "greedy"]
    same = [
        each
        for each in others
        if set(greedy.count(each.projects, each.ballots, each.budget).selected) == each.selected
    ]
    assert (len(others), len(same)) == (7, 5)


def test_nothing_is_nothing_at_all():
    """Who got one thing of several did not go empty-handed; a ballot without approvals does."""
    ballots = [["a", "b"], ["a", "c"], ["c"], ["a"], []]
    assert greedy.empty_handed(ballots, {"a"}) == 2


@pytest.mark.long
def test_equal_shares_leaves_fewer_voters_with_nothing(rounds):
    for each in rounds:
        if len(each.projects) < 3 or (len(each.ballots) > LARGE and not LONG):
            continue
        usual = greedy.count(each.projects, each.ballots, each.budget)
        shares = equal_shares.count(each.projects, each.ballots, each.budget, step=each.unit)
        nothing = [greedy.empty_handed(each.ballots, its.selected) for its in (usual, shares)]
        assert nothing[1] < nothing[0]


@pytest.mark.long
def test_the_published_share_of_mokotow(rounds):
    found = next(each for each in rounds if each.meta.get("subunit") == "Mokotów")
    shares = equal_shares.count(found.projects, found.ballots, found.budget)
    percent = 100 * greedy.empty_handed(found.ballots, shares.selected) / len(found.ballots)
    before = 100 * greedy.empty_handed(found.ballots, found.selected) / len(found.ballots)
    assert (round(before, 1), round(percent, 1)) == (9.3, 6.1)
