"""A panel by lot: anybody gets the same names, and everybody has the same chance."""

from collections import Counter

import pytest

from iriai.base.errors import Invalid
from iriai.commons.cases import lot

MEMBERS = [str(each) for each in range(1, 41)]
CHI_SQUARE_95_OF_39 = 54.57


def record(**changed):
    seed = lot.seed("ab" * 32, "sun", "moon")
    order = lot.order(seed, MEMBERS)
    made = {
        "form": "lot",
        "size": 5,
        "checkpoint": {"size": 9, "root": "ab" * 32},
        "strings": {"appellant": "sun", "decider": "moon"},
        "beacon": "",
        "seed": seed,
        "eligible": [{"id": each, "name": f"m{each}"} for each in MEMBERS],
        "asked": [{"id": each, "name": f"m{each}", "state": "accepted"} for each in order[:5]],
    }
    return made | changed


def test_the_order_is_the_same_however_the_members_are_listed():
    seed = lot.seed("00" * 32)
    assert lot.order(seed, MEMBERS) == lot.order(seed, reversed(MEMBERS))


def test_a_shell_gets_the_same_seed_and_places():
    # printf '%s\n%s\n%s\n%s' "" a b "" | sha256sum
    assert lot.seed("", "a", "b", "") == (__import__("hashlib").sha256(b"\na\nb\n").hexdigest())


def test_over_many_seeds_everybody_is_drawn_as_often():
    drawn = Counter()
    for number in range(4_000):
        drawn.update(lot.order(lot.seed(f"{number:064x}"), MEMBERS)[:7])
    expected = 4_000 * 7 / len(MEMBERS)
    # drawing without return makes the statistic smaller by (40 - 7) / 39
    statistic = sum((drawn[each] - expected) ** 2 / expected for each in MEMBERS)
    assert statistic < CHI_SQUARE_95_OF_39


def test_a_true_record_agrees():
    found = lot.verify(record())
    assert found.faults == ()
    assert len(found.names) == 5


def test_whoever_declined_is_followed_by_the_next():
    order = lot.order(lot.seed("ab" * 32, "sun", "moon"), MEMBERS)
    states = ["accepted", "declined", "accepted", "accepted", "accepted", "asked"]
    asked = [
        {"id": each, "name": f"m{each}", "state": state}
        for each, state in zip(order, states, strict=False)
    ]
    found = lot.verify(record(asked=asked))
    assert found.faults == ()
    assert f"m{order[1]}" not in found.names
    assert found.names == tuple(f"m{each}" for each in [order[0], *order[2:6]])


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": "00" * 32},
        {"beacon": "another"},
        {"strings": {"appellant": "sun", "decider": "mars"}},
        {"checkpoint": {"size": 9, "root": "cd" * 32}},
        {
            "eligible": [{"id": each, "name": f"m{each}"} for each in MEMBERS[1:]]
            + [{"id": str(900 + each), "name": "x"} for each in range(60)]
        },
    ],
)
def test_a_record_that_was_bent_is_found_out(changed):
    assert lot.verify(record(**changed)).faults


def test_who_was_passed_over_shows():
    order = lot.order(lot.seed("ab" * 32, "sun", "moon"), MEMBERS)
    asked = [{"id": each, "name": f"m{each}", "state": "accepted"} for each in order[1:6]]
    assert lot.verify(record(asked=asked)).faults


def test_what_is_no_record_is_refused():
    with pytest.raises(Invalid):
        lot.verify({"seed": 3})
