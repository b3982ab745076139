"""Pictures the server draws."""

from xml.etree import ElementTree as ET

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
