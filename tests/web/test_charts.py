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


def test_the_same_name_gives_the_same_picture_and_another_name_another():
    assert charts.avatar("ada") == charts.avatar("Ada")
    assert len({charts.avatar(f"person-{n}") for n in range(200)}) == 200
