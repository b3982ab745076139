"""Filling seats: on published instances with published results, and what must hold for any."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import LONG
from tests.support.archives import members

from iriai.base.errors import Invalid
from iriai.commons.counting.committees import RULES, equal_shares, profile

INSTANCES = 480
SAMPLE_EVERY = 1 if LONG else 12


def test_published_instances_have_their_published_results():
    found = members("abcvoting", "tests/test_instances/", ".abc.yaml")
    assert len(found) == INSTANCES
    for raw in found[::SAMPLE_EVERY]:
        instance = yaml.load(raw, yaml.CSafeLoader)
        given = profile(instance["profile"], instance["num_cand"], instance["committeesize"])
        for asked in instance["compute"]:
            if asked["rule_id"] not in RULES or asked["result"] is None:
                continue
            published = [tuple(sorted(each)) for each in asked["result"]]
            rule = RULES[asked["rule_id"]]
            if asked["resolute"]:
                assert rule(given, first=True)[0] in published
            else:
                assert rule(given) == sorted(published)


@st.composite
def elections(draw):
    options = draw(st.integers(2, 6))
    ballots = draw(st.lists(st.sets(st.integers(0, options - 1)), min_size=1, max_size=8))
    return ballots, options, draw(st.integers(1, options))


@given(elections())
def test_every_group_gets_the_seats_that_its_size_is_worth(election):
    """EJR+: l/k of the voters who all approve somebody not elected: one has l elected ones."""
    ballots, options, seats = election
    committee = set(equal_shares(profile(ballots, options, seats), first=True)[0])
    for option in set(range(options)) - committee:
        got = sorted(len(ballot & committee) for ballot in ballots if option in ballot)
        for size, most in enumerate(got, 1):
            assert (most + 1) * len(ballots) > size * seats


@given(elections(), st.randoms())
def test_the_order_of_ballots_and_of_options_does_not_matter(election, random):
    ballots, options, seats = election
    order = random.sample(range(options), options)
    shuffled = random.sample(ballots, len(ballots))
    turned = [{order[option] for option in ballot} for ballot in shuffled]
    plain = equal_shares(profile(ballots, options, seats))
    renamed = [tuple(sorted(order[option] for option in each)) for each in plain]
    assert equal_shares(profile(turned, options, seats)) == sorted(renamed)


@given(elections())
def test_the_one_committee_is_among_all_that_could_win(election):
    given_ = profile(*election)
    for rule in ("equal-shares", "equal-shares-with-av-completion", "seqphragmen", "pav", "av"):
        assert RULES[rule](given_, first=True)[0] in RULES[rule](given_)


def test_more_seats_than_options_are_refused():
    with pytest.raises(Invalid, match="cannot be filled"):
        profile([{0}], 1, 2)
