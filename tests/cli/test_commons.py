"""Counting again what was decided, with no hub at hand."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from iriai.cli.main import iriai

DATA = Path(__file__).parents[1] / "data"


def run(*words):
    return CliRunner().invoke(iriai, ["commons", *map(str, words)])


@pytest.mark.parametrize(
    ("year", "electors", "winner", "dropped"),
    [
        (2007, 1036, "Sam Hocevar", ["Aigars Mahinovs", "Simon Richter"]),
        (2020, 1011, "Jonathan Carter", []),
    ],
)
def test_a_published_election_is_counted_again(year, electors, winner, dropped):
    sheet = DATA / "debian" / f"leader{year}_tally.txt"
    done = run("vote", "count", "--method", "debian-a5", "--electors", electors, sheet)
    found = json.loads(done.stdout)
    assert (found["winner"], found["quorum"]["applied"]) == (winner, True)
    assert [each["option"] for each in found["dropped"]] == dropped


def test_without_the_number_of_electors_the_output_says_that_no_quorum_was_applied():
    found = json.loads(run("vote", "count", DATA / "debian" / "leader2020_tally.txt").stdout)
    assert found["quorum"] == {"applied": False, "why": "--electors was not given"}
    assert {"winner": "Jonathan Carter", "loser": "Sruthi Chandran"}.items() <= (
        found["beats"][0].items()
    )


def test_a_tie_has_no_winner(tmp_path):
    sheet = tmp_path / "sheet"
    sheet.write_text("Option 1->: A\nOption 2->: B\nOption 3->: None\nV: 123\nV: 213\n")
    found = json.loads(run("vote", "count", sheet).stdout)
    assert (found["winner"], found["tied"]) == (None, ["A", "B"])


def test_a_published_round_is_counted_again():
    file = DATA / "pabulib" / "wieliczka_2023_green_budget.pb"
    found = json.loads(run("budget", "count", "--rule", "mes-cost-add1", file).stdout)
    assert (found["cost"], len(found["selected"])) == (995_079, 30)
    assert found["selected"] == sorted(found["selected"])


def test_a_file_of_something_else_is_refused_in_a_sentence(tmp_path):
    file = tmp_path / "x.pb"
    file.write_text("hello;world\n")
    done = run("budget", "count", file)
    assert (done.exit_code, "begins with META" in done.output) == (1, True)
