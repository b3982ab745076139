"""Numbers that arrive as text."""

import pytest

from iriai.base.numbers import in_bytes, whole
from iriai.cli import frame
from iriai.commons.pot.rules import BYTES_STORED, said
from iriai.web import shown


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_plain_digits_are_a_number(text, number):
    assert whole(text) == number


@pytest.mark.parametrize("text", ["", "-1", "1.0", "²", "٣", "1_000", " 1", "9" * 19, "9" * 5_000])
def test_anything_else_is_none(text):
    assert whole(text) is None


def test_fewer_digits_can_be_asked_for():
    assert whole("123", digits_max=3) == 123
    assert whole("1234", digits_max=3) is None


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999_999, "1 MB"),
        (1_234_567_890, "1.2 GB"),
        (987_654_321, "988 MB"),
        (12 * 10**17, "1200 PB"),
    ],
)
def test_bytes_are_said_alike_in_pages_accounts_and_on_the_command_line(count, words):
    assert {each(count) for each in (in_bytes, shown.size, frame.size)} == {words}
    assert said(BYTES_STORED, count) == words
