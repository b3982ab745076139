"""Equal Shares on a real round, and what must hold of it for any."""

from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.commons.counting import estimate
from iriai.commons.counting.equal_shares import Project, count, filled, fixed
from iriai.commons.counting.pabulib import read
from iriai.commons.counting.purses import Arrays, Lists

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


@given(rounds())
def test_whoever_agrees_on_something_gets_at_least_nearly_their_share_of_it(round_):
    """Proportionality (EJR+ up to one, by cost): p not bought, s voters who all approve it: one of
    them has bought things worth more than s shares less the cost of p."""
    projects, ballots, budget = round_
    share = Fraction(budget, len(ballots))
    outcome = count(projects, ballots, budget)
    worth = {each.id: each.cost for each in projects}
    bought = set(outcome.selected)
    for project in projects:
        if project.id in bought or project.cost > budget:
            continue
        got = sorted(
            sum(worth[each] for each in ballot & bought)
            for ballot in ballots
            if project.id in ballot
        )
        for size, most in enumerate(got, 1):
            assert most + project.cost > size * share


@given(rounds())
def test_of_things_of_one_cost_every_group_gets_what_its_size_is_worth(round_):
    """Proportionality (EJR+) where all cost the same: a group of at least l/k of the voters that
    agrees on something not bought has a member with l that are."""
    projects, ballots, budget = round_
    projects = [Project(each.id, 1) for each in projects]
    seats = min(budget, len(projects))
    bought = set(count(projects, ballots, seats).selected)
    for project in projects:
        if project.id in bought:
            continue
        got = sorted(len(ballot & bought) for ballot in ballots if project.id in ballot)
        for size, most in enumerate(got, 1):
            assert (most + 1) * len(ballots) > size * seats


@given(rounds())
def test_one_more_unit_a_voter_would_overspend_or_all_that_is_wanted_is_bought(round_):
    projects, ballots, budget = round_
    outcome = count(projects, ballots, budget)
    able = [each for each in projects if each.cost <= budget]
    sizes = Counter(frozenset(ballot) for ballot in ballots)
    wanted = {each.id for each in able if any(each.id in ballot for ballot in ballots)}
    more = fixed(able, sizes, Fraction(outcome.share.__floor__() + 1))
    assert set(outcome.selected) == wanted or more.cost > budget


@given(rounds(), st.randoms())
def test_projects_are_treated_alike_where_nothing_is_tied(round_, random):
    projects, ballots, budget = round_
    outcome = count(projects, ballots, budget)
    if any(each.tied for each in outcome.purchases):
        return
    turned = count(random.sample(projects, len(projects)), ballots, budget)
    assert turned.selected == outcome.selected


@pytest.mark.parametrize("way", [Arrays, Lists])
@given(round_=rounds())
def test_what_floating_point_says_is_spent_is_what_is_spent(way, round_):
    projects, ballots, budget = round_
    sizes = Counter(frozenset(ballot) for ballot in ballots)
    costs, ids = [each.cost for each in projects], [each.id for each in projects]
    field = estimate.field(costs, ids, sizes, way)
    for share in range(budget // len(ballots) + 1, budget // len(ballots) + 20, 3):
        begun = estimate.beginning(field, budget // len(ballots) + 1)
        spent = estimate.cost(field, begun, share, 10_000)
        assert spent is None or spent == fixed(projects, sizes, Fraction(share)).cost


def test_adding_one_never_ends_with_less_than_the_plain_share_buys():
    # The share of 7/2 buys `a`; 4 each would buy both, and overspend: `a` stands.
    projects = [Project("a", 7), Project("b", 1)]
    outcome = count(projects, [{"a", "b"}, {"a"}], 7)
    assert outcome.selected == ["a"]


def test_what_nobody_could_ever_pay_does_not_end_the_adding():
    projects = [Project("palace", 1_000), Project("bench", 8), Project("tree", 2)]
    ballots = [{"palace", "bench"}, {"palace", "tree"}, {"palace"}]
    assert count(projects, ballots, 10).selected == ["bench", "tree"]


def test_what_costs_nothing_is_bought_if_somebody_wants_it():
    projects = [Project("sun", 0), Project("rain", 0), Project("shade", 5)]
    assert count(projects, [{"sun"}, {"shade"}], 5).selected == ["shade", "sun"]


def test_a_tie_is_named():
    outcome = count([Project("a", 3), Project("b", 3)], [{"a", "b"}], 5)
    assert [(each.project, each.tied) for each in outcome.purchases] == [("a", ("b",))]


def test_what_is_left_buys_what_still_fits():
    projects = [Project("a", 6), Project("b", 6), Project("c", 4)]
    ballots = [{"a"}, {"a"}, {"b"}, {"c"}]
    outcome = count(projects, ballots, 11)
    assert filled(outcome, projects, ballots, 11).selected == ["a", "c"]


def test_of_two_that_ask_and_cost_the_same_the_one_with_more_votes_is_bought_first():
    # One of three supporters of `more` has spent all, so two pay for each of the two.
    projects = [Project("fewer", 2), Project("more", 2), Project("first", 8)]
    ballots = [*[{"first"}] * 3, {"first", "more"}, *[{"more"}] * 2, *[{"fewer"}] * 2]
    found = fixed(projects, Counter(map(frozenset, ballots)), Fraction(2))
    assert [(each.project, each.tied) for each in found.purchases] == [
        ("first", ()),
        ("more", ("fewer",)),
        ("fewer", ()),
    ]
