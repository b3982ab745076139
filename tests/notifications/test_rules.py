"""Names that are called, and links that only this hub can make."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.errors import HubError
from iriai.notifications import rules
from iriai.notifications.rules import Reason

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ada look", ["ada"]),
        ("(@ada), @bob-x. @ada!", ["ada", "bob-x"]),
        ("ada@example.org", []),
        ("`@ada` and ```\n@bob\n``` and @cleo", ["cleo"]),
        ("```\n@bob never ends", []),
        ("~~~\n@bob `\n~~~ @_cleo", ["_cleo"]),
        ("@ada/tiny is a repository", []),
        ("@", []),
        ("@@ada", []),
        ("@ünïcode", ["ünïcode"]),
    ],
)
def test_a_text_calls_names_outside_of_code(text, names):
    assert rules.mentioned(text) == names


@given(st.text(alphabet="@a b`-./\n", max_size=500))
def test_whatever_is_written_calls_few_names_each_once(text):
    found = rules.mentioned(text)
    assert len(found) == len(set(found)) <= rules.MENTIONS_MAX


def test_the_stronger_reason_is_said():
    assert rules.stronger(Reason.OWN, Reason.MENTIONED) is Reason.MENTIONED
    assert rules.stronger(Reason.YOU, Reason.MENTIONED) is Reason.YOU
    assert rules.stronger(Reason.WATCHING, None) is Reason.WATCHING


@given(st.text(max_size=60))
def test_no_text_is_a_link_that_was_not_made_here(token):
    with pytest.raises(HubError):
        rules.require_sealed(b"s" * 32, "stop", token, address="a@example.org", now=NOW)


def test_a_link_is_bound_to_all_it_says():
    token = rules.sealed(b"s" * 32, "stop", 7, "a@example.org", 0)
    rules.require_sealed(b"s" * 32, "stop", token, address="a@example.org", now=NOW)
    assert rules.person_in(token) == 7
    for secret, purpose, address in (
        (b"t" * 32, "stop", "a@example.org"),
        (b"s" * 32, "confirm", "a@example.org"),
        (b"s" * 32, "stop", "b@example.org"),
    ):
        with pytest.raises(HubError):
            rules.require_sealed(secret, purpose, token, address=address, now=NOW)
