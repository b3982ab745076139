"""Of several servers on one empty database one prints the link for the first account."""

from contextlib import ExitStack

import pytest

from iriai.base import turns
from iriai.cli import serving
from iriai.identity import actions


@pytest.fixture
def said(any_ground, capsys):
    """What a server says that starts now and runs until the test ends; it stops by `close`."""
    running = []

    def start():
        running.append(ExitStack())
        running[-1].enter_context(serving.greeting(any_ground))
        return capsys.readouterr().out, running[-1]

    yield start
    for each in running:
        each.close()


def test_one_prints_the_link_and_the_other_says_so(said):
    first, running = said()
    other, _ = said()
    assert ("/welcome/" in first, "/welcome/" in other) == (True, False)
    assert "another `iriai serve` has printed the link" in other
    running.close()
    assert "/welcome/" in said()[0], "whoever starts when the first has ended prints a new one"


def test_once_somebody_has_an_account_nobody_says_anything_of_it(said, any_ground):
    with any_ground.write() as tx:
        link = actions.first_invite(tx)
    actions.sign_up(any_ground, name="ada", password="a long enough password", link=link)
    assert "account" not in said()[0]


def test_a_turn_that_was_tried_for_is_free_when_who_had_it_is_gone(any_ground):
    with turns.tried(any_ground, "x") as ours, turns.tried(any_ground, "y") as another:
        assert (ours, another) == (True, True)
        with turns.tried(any_ground, "x") as again:
            assert not again
    with turns.tried(any_ground, "x") as ours:
        assert ours
