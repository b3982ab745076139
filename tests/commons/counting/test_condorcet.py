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
    assert (outcome.winner == 0) == passes


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


@given(elections(), st.data())
def test_raising_the_winner_never_unseats_it(election, data):
    options, ballots = election
    winner = count(matrix(ballots, options), default=None).winner
    if winner is None or not ballots:
        return
    place = data.draw(st.integers(0, len(ballots) - 1))
    raised = [list(ballot) for ballot in ballots]
    raised[place] = [None if rank is None else rank + 1 for rank in raised[place]]
    raised[place][winner] = 1
    assert count(matrix(raised, options), default=None).winner == winner


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
