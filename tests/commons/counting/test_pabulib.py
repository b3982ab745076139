"""Pabulib files as they are found, of every kind of ballot, and as they are damaged."""

import pytest

from iriai.base.errors import Invalid
from iriai.commons.counting.pabulib import read

ROUND = """META
key;value
budget;100
vote_type;{kind}
num_votes;2
PROJECTS
project_id;cost;name;category;target
p1;30;"Trees; and a bench";green,public;children
p2;70;Park "Zielony";;
VOTES
voter_id;age;vote;points
1;33;p1,p2;3,0
2;;p2;1
"""


@pytest.mark.parametrize(
    ("kind", "ballots", "warned"),
    [
        ("approval", (("p1", "p2"), ("p2",)), 0),
        ("choose-1", (("p1", "p2"), ("p2",)), 0),
        ("ordinal", (("p1", "p2"), ("p2",)), 1),
        ("cumulative", (("p1",), ("p2",)), 1),
        ("scoring", (("p1",), ("p2",)), 1),
    ],
)
def test_every_kind_of_ballot_is_read_and_what_counts_is_said(kind, ballots, warned):
    found = read(ROUND.format(kind=kind).encode())
    assert found.ballots == ballots
    assert len(found.warnings) == warned


@pytest.mark.parametrize(
    "mangle",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("PROJECTS\n", "PROJECTS;;;;\n\n"),
        lambda text: text.replace("META\nkey;value\n", "META\n"),
        lambda text: text.replace("vote_type;approval\n", ""),
        lambda text: text.replace("VOTES", "votes").replace("project_id", "Project_ID"),
        lambda text: text.replace('Park "Zielony"', '"Park Zielony'),
        lambda text: text.replace("p1,p2", '"p1, p2"'),
    ],
)
def test_how_a_file_was_saved_does_not_matter(mangle):
    found = read(mangle(ROUND.format(kind="approval")).encode())
    assert found.ballots == (("p1", "p2"), ("p2",))
    assert (found.budget, [each.cost for each in found.projects]) == (100, [30, 70])


def test_amounts_with_decimals_are_counted_in_the_smallest_unit():
    found = read(ROUND.format(kind="approval").replace("p1;30", "p1;30.25").encode())
    assert (found.unit, found.budget, found.projects[0].cost) == (100, 10_000, 3_025)
    assert (found.amount(3_025), found.amount(10_000)) == (30.25, 100)


def test_a_voter_for_nothing_is_a_voter():
    found = read(b"META\nbudget;9\nPROJECTS\nproject_id;cost\n1;2\nVOTES\nvoter_id;vote\n7;\n")
    assert found.ballots == ((),)


def test_what_is_not_on_the_list_counts_for_nothing_and_is_named():
    found = read(ROUND.format(kind="approval").replace("2;;p2", "2;;p9").encode())
    assert "p9" in found.warnings[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no project"),
        ("x;y\n", "begins with META"),
        ("META\nbudget;9\nPROJECTS\nproject_id;cost\n1;many\n", "not a number"),
        ("META\nbudget;9\nPROJECTS\nproject_id;cost\n1;-2\n", "below 0"),
        ("META\nbudget;9\nPROJECTS\nproject_id\n1\n", "no cost"),
        ("META\nbudget;9\nPROJECTS\nproject_id;cost\n1;2\n1;3\n", "twice"),
        ("META\nkey;value\nPROJECTS\nproject_id;cost\n1;2\n", "budget"),
        ("META\nbudget;" + "9" * 5_000 + "\nPROJECTS\nproject_id;cost\n1;2\n", "not a number"),
        ("META\nvote_type;dance\nPROJECTS\nproject_id;cost\n1;2\n", "one of the ballots"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_what_is_wrong(text, says):
    with pytest.raises(Invalid, match=says):
        read(text.encode())


@pytest.mark.parametrize("said", ["²", "9" * 5_000, "many", "-1"])
def test_a_number_of_votes_that_is_none_is_passed_over(said):
    found = read(ROUND.format(kind="approval").replace("num_votes;2", f"num_votes;{said}").encode())
    assert found.warnings == ()
