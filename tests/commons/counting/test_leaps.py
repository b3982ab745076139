"""Large budgets: the search for what is left over leaps, and finds what stepping would find."""

from collections import Counter
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from iriai.commons.counting import leaps
from iriai.commons.counting.equal_shares import Project, count, fixed

TRILLION = 10**12


@st.composite
def rounds(draw, most=60):
    costs = draw(st.lists(st.integers(1, most), min_size=1, max_size=6))
    projects = [Project(f"p{number}", cost) for number, cost in enumerate(costs)]
    some = st.sets(st.sampled_from([each.id for each in projects]))
    ballots = draw(st.lists(some, min_size=1, max_size=8))
    return projects, ballots, draw(st.integers(1, 2 * most))


@given(rounds(), st.integers(1, 40))
def test_as_far_as_it_leaps_the_same_is_bought_in_the_same_order(round_, share):
    projects, ballots, _ = round_
    sizes = Counter(map(frozenset, ballots))
    further = leaps.further(projects, sizes, share)
    here = [each.project for each in fixed(projects, sizes, Fraction(share)).purchases]
    for more in range(1, min(100, 100 if further is None else further) + 1):
        there = fixed(projects, sizes, Fraction(share + more)).purchases
        assert [each.project for each in there] == here


@given(rounds(), st.integers(1, 40))
def test_without_end_means_that_all_that_is_wanted_is_bought(round_, share):
    projects, ballots, _ = round_
    sizes = Counter(map(frozenset, ballots))
    wanted = {each for ballot in ballots for each in ballot}
    if leaps.further(projects, sizes, share) is None:
        assert set(fixed(projects, sizes, Fraction(share)).selected) == wanted


def stepped(projects, ballots, budget):
    """Equal Shares with add one, as it is defined and no quicker."""
    sizes = Counter(map(frozenset, ballots))
    able = [each for each in projects if each.cost <= budget]
    wanted = sum(any(each.id in ballot for ballot in ballots) for each in able)
    found = fixed(able, sizes, Fraction(budget, len(ballots)))
    share = budget // len(ballots) + 1
    while len(found.purchases) < wanted:
        more = fixed(able, sizes, Fraction(share))
        if more.cost > budget:
            break
        found, share = more, share + 1
    return found


@given(rounds(most=900))
def test_what_is_found_by_leaping_is_what_is_found_by_stepping(round_):
    projects, ballots, budget = round_
    assert count(projects, ballots, budget) == stepped(projects, ballots, budget)


@given(rounds(), st.integers(1, 10**9))
def test_the_unit_of_a_currency_does_not_matter(round_, unit):
    """In units so small that shares are millions, by steps of as many of them."""
    projects, ballots, budget = round_
    small = [Project(each.id, each.cost * unit) for each in projects]
    plain = count(projects, ballots, budget)
    assert count(small, ballots, budget * unit, step=unit).selected == plain.selected


def test_a_budget_of_a_trillion_among_few_is_counted_to_the_last_unit():
    names = "abcdefgh"
    projects = [
        Project(name, (place + 3) * TRILLION // 17 + place) for place, name in enumerate(names)
    ]
    ballots = [{names[n % 8], names[(n * 3 + 1) % 8], names[(n * 5 + 2) % 8]} for n in range(30)]
    found = count(projects, ballots, TRILLION)
    assert 0 < found.cost <= TRILLION
    able = [each for each in projects if each.cost <= TRILLION]
    sizes = Counter(map(frozenset, ballots))
    assert fixed(able, sizes, found.share).selected == found.selected
    assert fixed(able, sizes, found.share + 1).cost > TRILLION
