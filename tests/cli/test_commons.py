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


SHEET = "Option 1->: A\nOption 2->: B\nOption 3->: Further Discussion\n" + "V: 132\nV: 123\n" * 3
EXPORT = {
    "format": "iriai-ballots",
    "version": 1,
    "method": "debian-a5",
    "electors": 9,
    "options": [{"text": "a", "ratio": 2}, {"text": "keep", "default": True}],
    "ballots": [{"marks": [1, 2]}] * 3,
}
MATRIX = {"options": ["a", "b", "keep"], "matrix": [[0, 5, 6], [2, 0, 3], [3, 3, 0]]}


def count_of(tmp_path, content, *words):
    file = tmp_path / "file"
    raw = content if isinstance(content, bytes) else content.encode()
    file.write_bytes(raw)
    return run("vote", "count", *words, file)


def test_an_option_needs_the_ratio_that_is_said(tmp_path):
    plain = json.loads(count_of(tmp_path, SHEET).stdout)
    assert (plain["winner"], plain["default"]) == ("A", "Further Discussion")
    assert plain["dropped"][0]["option"] == "B"
    matrix = json.dumps(MATRIX)
    assert json.loads(count_of(tmp_path, matrix, "--ratio", "1=2").stdout)["winner"] == "a"
    strict = json.loads(count_of(tmp_path, matrix, "--ratio", "1=5/2", "--ratio", "2=3").stdout)
    assert (strict["winner"], len(strict["dropped"])) == ("keep", 2)


def test_exported_ballots_bring_their_electors_along_and_take_others(tmp_path):
    raw = json.dumps(EXPORT)
    assert json.loads(count_of(tmp_path, raw).stdout)["quorum"]["electors"] == 9
    more = json.loads(count_of(tmp_path, b"\xef\xbb\xbf" + raw.encode(), "--electors", 900).stdout)
    assert (more["quorum"]["electors"], more["winner"]) == (900, "keep")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (SHEET, ("--ratio", "4=2")),
        (SHEET, ("--ratio", "1=0")),
        (SHEET, ("--ratio", "A=2")),
        (SHEET, ("--ratio", "1=" + "9" * 5000)),
        (SHEET, ("--electors", "0")),
        (SHEET, ("--electors", "9" * 40)),
        (SHEET, ("--method", "pav")),
        (SHEET.replace("V: 132", "V:"), ()),
        ("", ()),
        ("{", ()),
        ("{}", ()),
        ("[" * 100_000, ("--method", "pav")),
        ("{" + '"a":[' * 100_000, ()),
        (SHEET.encode("utf-16"), ()),
        (b"\x00\xff" * 99, ()),
        (json.dumps(EXPORT), ("--method", "pav")),
        (json.dumps(EXPORT | {"method": "equal-shares-seats"}), ("--method", "debian-a5")),
        (json.dumps(EXPORT), ("--ratio", "1=2")),
        (json.dumps(EXPORT | {"ballots": [{"marks": [0, 1]}]}), ()),
        (json.dumps(MATRIX | {"default": True}), ()),
        (json.dumps(MATRIX | {"default": 1.0}), ()),
        (json.dumps(MATRIX | {"default": -1}), ()),
        (json.dumps(MATRIX | {"options": ["a", "a", "b"]}), ()),
        (json.dumps(MATRIX | {"matrix": [[0, 1, 2]] * 2}), ()),
        (json.dumps({"elections": {"x": MATRIX, "y": MATRIX}}), ()),
        (json.dumps({"elections": {"x": MATRIX, "y": MATRIX}}), ("--election", "z")),
        ("profile: [[9]]\nnum_cand: 2\ncommitteesize: 1\n", ("--method", "pav")),
        ("profile: [[0]]\nnum_cand: 2\ncommitteesize: 3\n", ("--method", "av")),
    ],
)
def test_ballots_that_cannot_be_counted_are_refused_in_one_line(tmp_path, content, words):
    done = count_of(tmp_path, content, *words)
    assert done.exit_code in (1, 2)
    assert isinstance(done.exception, SystemExit)
    said = done.stderr.strip().splitlines()[-1]
    assert said.startswith("Error: ")
    assert len(said) < 400


def test_too_many_ties_leave_the_one_committee_of_those_listed_first(tmp_path):
    content = "profile: [[0]]\nnum_cand: 60\ncommitteesize: 30\n"
    found = json.loads(count_of(tmp_path, content, "--method", "av").stdout)
    assert (found["committees"], found["chosen"]) == (None, list(range(30)))
