"""Numbers that arrive as text."""

import pytest

from iriai.base.numbers import whole


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_plain_digits_are_a_number(text, number):
    assert whole(text) == number


@pytest.mark.parametrize("text", ["", "-1", "1.0", "²", "٣", "1_000", " 1", "9" * 19, "9" * 5_000])
def test_anything_else_is_none(text):
    assert whole(text) is None


def test_fewer_digits_can_be_asked_for():
    assert whole("123", digits_max=3) == 123
    assert whole("1234", digits_max=3) is None
