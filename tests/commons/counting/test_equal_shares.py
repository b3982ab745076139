"""Equal Shares on a real round, and what must hold of it for any."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.errors import Invalid
from iriai.commons.counting.equal_shares import Project, count, fixed
from iriai.commons.counting.pabulib import read

WIELICZKA = Path(__file__).parents[2] / "data" / "pabulib" / "wieliczka_2023_green_budget.pb"


def test_wieliczka_gets_exactly_its_official_thirty_projects():
    found = read(WIELICZKA.read_bytes())
    outcome = count(found.projects, found.ballots, found.budget)
    assert len(found.ballots) == 6_586
    assert set(outcome.selected) == found.selected
    assert (len(outcome.purchases), outcome.cost) == (30, 995_079)


@st.composite
def rounds(draw):
    costs = draw(st.lists(st.integers(1, 30), min_size=1, max_size=6))
    projects = [Project(f"p{number}", cost) for number, cost in enumerate(costs)]
    some = st.sets(st.sampled_from([each.id for each in projects]))
    ballots = draw(st.lists(some, min_size=1, max_size=8))
    return projects, ballots, draw(st.integers(1, 80))


@given(rounds())
def test_the_budget_is_never_overspent(round_):
    projects, ballots, budget = round_
    assert count(projects, ballots, budget).cost <= budget


@given(rounds(), st.randoms())
def test_voters_are_treated_alike(round_, random):
    projects, ballots, budget = round_
    shuffled = random.sample(ballots, len(ballots))
    assert count(projects, ballots, budget) == count(projects, shuffled, budget)


@given(rounds())
def test_nothing_is_bought_that_nobody_wants(round_):
    projects, ballots, budget = round_
    wanted = set().union(*ballots)
    assert set(count(projects, ballots, budget).selected) <= wanted


@given(rounds())
def test_a_group_that_can_pay_for_what_it_agrees_on_is_not_left_with_nothing(round_):
    projects, ballots, budget = round_
    bought = set(count(projects, ballots, budget).selected)
    for project in projects:
        group = [ballot for ballot in ballots if project.id in ballot]
        if Fraction(budget, len(ballots)) * len(group) >= project.cost:
            assert any(ballot & bought for ballot in group)


@given(rounds())
def test_payments_are_exact_and_fair(round_):
    projects, ballots, budget = round_
    share = Fraction(budget, len(ballots))
    sizes: dict[frozenset[str], int] = {}
    for ballot in ballots:
        sizes[frozenset(ballot)] = sizes.get(frozenset(ballot), 0) + 1
    left = [share] * len(ballots)
    cost = {project.id: project.cost for project in projects}
    for bought in fixed(projects, sizes, share).purchases:
        price = bought.price * cost[bought.project]
        paid = [
            min(left[voter], price) if bought.project in ballot else Fraction(0)
            for voter, ballot in enumerate(ballots)
        ]
        assert sum(paid) == cost[bought.project]
        left = [before - payment for before, payment in zip(left, paid, strict=True)]
    assert all(money >= 0 for money in left)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no project"),
        ("x;y\n", "begins with META"),
        ("META\nkey;value\nPROJECTS\nproject_id;cost\n1;2.5\n", "not a whole number"),
        ("META\nkey;value\nPROJECTS\nproject_id\n1\n", "no cost"),
        ("META\nkey;value\nvote_type;ordinal\nPROJECTS\nproject_id;cost\n1;2\n", "approval"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_what_is_wrong(text, says):
    with pytest.raises(Invalid, match=says):
        read(text.encode())
