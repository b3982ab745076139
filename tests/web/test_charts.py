"""Pictures the server draws."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.web import charts


@given(st.text(max_size=200))
def test_every_name_has_a_picture_that_is_sound_xml_and_holds_nothing_of_the_name(name):
    drawn = charts.avatar(name)
    root = ET.fromstring(drawn)
    assert root.tag.endswith("svg")
    assert len(drawn) < 2_000
    assert not any(element.text for element in root.iter())


@given(st.integers(0, 1 << 60), st.integers(0, 1 << 60), st.integers(0, 1 << 60))
def test_a_bar_is_as_long_as_its_amount_and_never_leaves_its_cell(amount, most, limit):
    root = ET.fromstring(charts.bar(amount, most, limit))
    track, bar = (float(each.get("width")) for each in root)
    assert 0 <= track <= 100
    assert (bar > 0) == (amount > 0 and most > 0)
    assert bar <= 100
    assert ("over" in root[1].get("class")) == (0 < limit < amount)


def test_the_mark_on_a_scale_is_where_its_value_is():
    marks = [float(ET.fromstring(charts.scale(each))[1].get("cx")) for each in (-1, 0, 0.5, 1, 2)]
    assert marks == [4, 4, 100, 196, 196]


def test_the_same_name_gives_the_same_picture_and_another_name_another():
    assert charts.avatar("ada") == charts.avatar("Ada")
    assert len({charts.avatar(f"person-{n}") for n in range(200)}) == 200


@given(st.lists(st.integers(0, 1 << 40), max_size=40))
def test_days_are_bars_that_stand_on_their_line_the_highest_as_high_as_the_picture(counts):
    root = ET.fromstring(charts.days(counts))
    bars = [each for each in root if each.get("class") != "track"]
    assert len(bars) == sum(count > 0 for count in counts)
    assert all(
        float(each.get("y")) + float(each.get("height")) == pytest.approx(40) for each in bars
    )
    assert max((float(each.get("height")) for each in bars), default=40) == pytest.approx(40)


def test_duels_are_arrows_from_the_winner_to_the_loser():
    beats = [
        {"winner": "a", "loser": "b<", "votes": 5, "against": 2},
        {"winner": "b<", "loser": "c", "votes": 4, "against": 3},
        {"winner": "c", "loser": "a", "votes": 6, "against": 1},
    ]
    found = {"beats": beats, "struck": [[beats[1]]], "winner": "c", "dropped": [{"option": "d"}]}
    drawn = charts.duels(["a", "b<", "c", "d"], found)
    root = ET.fromstring(drawn)
    kinds = [each.get("class") for each in root]
    assert kinds == ["arrow", "arrow struck", "arrow", "option", "option", "won", "out"]
    assert [each[2].text for each in root[:3]] == ["5:2", "4:3", "6:1"]
    assert "b<" not in drawn
    assert charts.duels(["a", "b<"], found) == ""
    assert charts.duels(["a", "b<", "c"], {"approvals": []}) == ""
