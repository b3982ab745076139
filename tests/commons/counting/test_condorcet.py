"""Debian's counter on Debian's own elections, and what must hold of it for any ballots."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.errors import Invalid
from iriai.commons.counting.condorcet import Quorum, count, matrix
from iriai.commons.counting.tally_sheet import read

DATA = Path(__file__).parents[2] / "data" / "debian"


def sheet(year):
    return read((DATA / f"leader{year}_tally.txt").read_bytes())


def counted(found):
    beaten = matrix(found.ballots, len(found.options))
    return count(beaten, default=len(found.options) - 1)


@pytest.mark.parametrize(
    ("year", "winner", "pair"),
    [(2007, "Sam Hocevar", (211, 203)), (2020, "Jonathan Carter", (258, 57))],
)
def test_the_published_winner_wins_by_the_published_votes(year, winner, pair):
    found = sheet(year)
    outcome = counted(found)
    assert found.options[outcome.winner] == winner
    votes = {(d.votes, d.against) for d in outcome.defeats if d.winner == outcome.winner}
    assert pair in votes


def test_the_election_of_2020_had_339_ballots():
    assert len(sheet(2020).ballots) == 339


@pytest.mark.parametrize("year", ["2002", "2005"])
def test_the_published_matrix_gives_the_published_winner(year):
    election = json.loads((DATA / "matrices.json").read_text())["elections"][year]
    outcome = count(election["matrix"], default=len(election["options"]) - 1)
    assert election["options"][outcome.winner] == election["winner"]
    assert {election["options"][each.option] for each in outcome.dropped} == set(
        election.get("dropped", {})
    )


def test_a_tie_is_left_to_the_casting_vote():
    sheets = ["3214", "2134", "4213", "3124", "2134", "4213"]
    ballots = [[int(mark) for mark in marks] for marks in sheets]
    outcome = count(matrix(ballots, 4), default=3, quorum=Quorum(8, Fraction(1, 2)))
    assert outcome.winner is None
    assert len(outcome.leaders) == 2


def test_in_a_circle_the_weakest_defeat_is_struck_and_an_even_circle_is_a_tie():
    def circle(*counts):
        kinds = ([1, 2, 3], [3, 1, 2], [2, 3, 1])  # a before b, b before c, c before a
        ballots = [kind for kind, count in zip(kinds, counts, strict=True) for _ in range(count)]
        return count(matrix(ballots, 3), default=None)

    found = circle(4, 3, 2)
    assert (found.winner, found.leaders) == (0, (0,))
    assert [(each.winner, each.loser, each.votes) for each in found.struck[0]] == [(2, 0, 5)]
    even = circle(2, 2, 2)
    assert (even.winner, even.leaders) == (None, (0, 1, 2))


def test_of_two_defeats_by_equal_votes_the_more_opposed_is_the_weaker():
    circle = ((0, 6, 2), (3, 0, 6), (7, 4, 0))  # a before b 6:3, b before c 6:4, c before a 7:2
    found = count(circle, default=None)
    assert found.winner == 2
    assert [[(each.winner, each.loser) for each in gone] for gone in found.struck] == [[(1, 2)]]


def pairwise(votes, against):
    return [[0, votes], [against, 0]]


@pytest.mark.parametrize(
    ("votes", "against", "ratio", "passes"),
    [
        (144, 257, 3, False),
        (176, 230, 1, False),
        (281, 126, 1, True),
        (300, 100, 3, True),
        (299, 100, 3, False),
        (100, 100, 1, False),
    ],
)
def test_an_option_passes_at_exactly_its_ratio_and_never_on_equal_votes(
    votes, against, ratio, passes
):
    outcome = count(
        pairwise(votes, against), default=1, ratios={0: Fraction(ratio)}, quorum=Quorum(1045)
    )
    assert outcome.winner == (0 if passes else 1)
    assert bool(outcome.dropped) == (not passes)


def test_the_quorum_of_1045_electors_lies_between_48_and_49():
    assert f"{Quorum(1045).figure:.4f}" == "48.4897"
    assert not Quorum(1045).is_met_by(48)
    assert Quorum(1045).is_met_by(49)


def test_a_quorum_that_is_a_whole_number_is_met_by_it():
    assert Quorum(400).is_met_by(30)
    assert not Quorum(400).is_met_by(29)


@st.composite
def elections(draw, most=5):
    options = draw(st.integers(2, most))
    rank = st.one_of(st.none(), st.integers(1, options))
    ballots = draw(st.lists(st.lists(rank, min_size=options, max_size=options), max_size=12))
    return options, ballots


@given(elections(), st.randoms())
def test_the_order_of_the_ballots_does_not_matter(election, random):
    options, ballots = election
    shuffled = random.sample(ballots, len(ballots))
    assert matrix(ballots, options) == matrix(shuffled, options)


@given(elections(), st.randoms())
def test_options_are_treated_alike(election, random):
    options, ballots = election
    order = random.sample(range(options), options)
    renamed = [[ballot[old] for old in order] for ballot in ballots]
    plain = count(matrix(ballots, options), default=None)
    turned = count(matrix(renamed, options), default=None)
    assert {order[new] for new in turned.leaders} == set(plain.leaders)


@given(elections())
def test_an_option_that_beats_all_others_wins(election):
    options, ballots = election
    beaten = matrix(ballots, options)
    best = [
        a
        for a in range(options)
        if all(beaten[a][b] > beaten[b][a] for b in range(options) if b != a)
    ]
    outcome = count(beaten, default=None)
    if best:
        assert outcome.winner == best[0]


def ruled(draw, options):
    """A default or none, ratios over it, a number of electors or none: all that A.5 asks for."""
    default = draw(st.none() | st.integers(0, options - 1))
    ratio = st.sampled_from([Fraction(1), Fraction(3, 2), Fraction(2), Fraction(3)])
    ratios = {option: draw(ratio) for option in range(options) if option != default}
    electors = draw(st.none() | st.integers(0, 12))
    return default, ratios, None if electors is None else Quorum(electors)


@given(elections(), st.data())
def test_options_are_treated_alike_under_every_ratio_and_quorum(election, data):
    options, ballots = election
    default, ratios, quorum = ruled(data.draw, options)
    place = data.draw(st.permutations(range(options)))  # where each option goes
    turned = [[ballot[place.index(new)] for new in range(options)] for ballot in ballots]
    plain = count(matrix(ballots, options), default=default, ratios=ratios, quorum=quorum)
    renamed = count(
        matrix(turned, options),
        default=None if default is None else place[default],
        ratios={place[option]: ratio for option, ratio in ratios.items()},
        quorum=quorum,
    )
    assert set(renamed.leaders) == {place[option] for option in plain.leaders}
    assert {each.option for each in renamed.dropped} == {
        place[each.option] for each in plain.dropped
    }


def up_to(ballot, option, rank):
    """The ballot with this option alone raised to just above this rank."""
    raised = [None if mark is None else 2 * mark for mark in ballot]
    raised[option] = 2 * rank - 1
    return raised


@given(elections(), st.data())
def test_raising_a_leader_by_any_step_never_unseats_it_under_any_ratio_and_quorum(election, data):
    options, ballots = election
    default, ratios, quorum = ruled(data.draw, options)
    terms = {"default": default, "ratios": ratios, "quorum": quorum}
    leaders = count(matrix(ballots, options), **terms).leaders
    if not ballots:
        return
    leader = data.draw(st.sampled_from(leaders))
    place = data.draw(st.integers(0, len(ballots) - 1))
    here = ballots[place][leader]
    rank = data.draw(st.integers(1, options if here is None else here))
    raised = list(ballots)
    raised[place] = up_to(ballots[place], leader, rank)
    assert leader in count(matrix(raised, options), **terms).leaders


def cloned(draw, ballots, option, clones):
    """The ballots with `clones` more options that nobody puts apart from this one.

    Who ranks another option equal to it ranks the clones equal too; all others order them as they
    like, between the same neighbours.
    """
    made = []
    for ballot in ballots:
        here = ballot[option]
        spread = [None if mark is None else (clones + 2) * mark for mark in ballot]
        level = spread[option]
        alone = here is not None and ballot.count(here) == 1
        last = here is None and ballot.count(None) == 1
        if last:
            level = (clones + 2) * (len(ballot) + 1)
        steps = st.integers(0, clones) if alone or last else st.just(0)
        marks = [None if level is None else level + draw(steps) for _ in range(clones + 1)]
        spread[option] = marks[0]
        made.append(spread + marks[1:])
    return made


@given(elections(most=4), st.integers(1, 3), st.data())
def test_clones_neither_help_nor_harm_under_any_ratio_and_quorum(election, clones, data):
    """Independence of clones, of all of A.5: with default, ratios and quorum.

    Clones have the same votes against every other option, so a clone of an option that is not the
    default is dropped with it where their ratio is one; clones of the default can only be dropped,
    which leaves it. The rest is beatpaths, which do not see clones.
    """
    options, ballots = election
    default, ratios, quorum = ruled(data.draw, options)
    option = data.draw(st.integers(0, options - 1))
    same = range(options, options + clones)
    ratio = ratios.get(option, Fraction(1))
    plain = count(matrix(ballots, options), default=default, ratios=ratios, quorum=quorum)
    more = count(
        matrix(cloned(data.draw, ballots, option, clones), options + clones),
        default=default,
        ratios=ratios | dict.fromkeys(same, ratio),
        quorum=quorum,
    )
    kind = {option, *same}
    assert set(more.leaders) - kind == set(plain.leaders) - {option}
    assert bool(kind & set(more.leaders)) == (option in plain.leaders)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Option 1----->: A\nOption 2----->: B\nV: 1\n", "Line 3"),
        ("Option 1----->: A\nOption 2----->: B\nV: 1?\n", "Line 3"),
        ("Option 2----->: A\n", "Line 1"),
        ("V: 12\n", "Line 1"),
        ("", "2 to"),
    ],
)
def test_a_sheet_that_is_wrong_is_refused_by_line(text, line):
    with pytest.raises(Invalid, match=line):
        read(text.encode())
