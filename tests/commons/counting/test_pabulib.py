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
LISTED = "\nPROJECTS\nproject_id;cost\n1;2\nVOTES\nvote\n1\n"


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
        lambda text: text.replace("\n", "\r"),
        lambda text: text.replace("\n", ";\n"),
        lambda text: text.replace("\n", "  \n"),
        lambda text: "# made by hand; twice\n# again\n" + text,
        lambda text: text.replace("PROJECTS\n", "# what there is\nPROJECTS\n"),
        lambda text: text.replace("META\nkey;value\n", "META\nkey;value\ncomment;#1: a; #2: b\n"),
        lambda text: text.replace("100", "1e2").replace("30", "3.0E+1").replace("70", "70,00"),
        lambda text: text.replace("100", " 1 00 ").replace("70", "070"),
        lambda text: text.replace("2;;p2;1", "2;;p2,,p2;1"),
        lambda text: text.replace("2;;p2;1", "2;;p2"),
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
        (
            "META\nbudget;9\nPROJECTS\nproject_id;cost\n1;many\nVOTES\nvote\n1\n",
            "Line 5: the cost of 1 is not a number",
        ),
        ("META\nbudget;nine" + LISTED, "Line 2: the budget is not a number"),
        ("META\nbudget;9\nPROJECTS\nproject_id;cost\n1;-2\nVOTES\nvote\n1\n", "below 0"),
        ("META\nbudget;9\nPROJECTS\nproject_id\n1\nVOTES\nvote\n1\n", "no cost"),
        ("META\nbudget;9\nPROJECTS\nproject_id;cost\n1;2\n1;3\nVOTES\nvote\n1\n", "twice"),
        ("META\nkey;value\nPROJECTS\nproject_id;cost\n1;2\nVOTES\nvote\n1\n", "budget"),
        (
            "META\nbudget;" + "9" * 5_000 + "\nPROJECTS\nproject_id;cost\n1;2\nVOTES\nvote\n1\n",
            "not a number",
        ),
        (
            "META\nbudget;1,000,000\nPROJECTS\nproject_id;cost\n1;2\nVOTES\nvote\n1\n",
            "not a number",
        ),
        ("META\nbudget;." + LISTED, "not a number"),
        ("META\nbudget;1e99" + LISTED, "not a number"),
        ("META\nbudget;-9" + LISTED, "below 0"),
        ("META\nbudget;nan" + LISTED, "not a number"),
        ("META\nbudget;9\nPROJECTS\nproject_id;cost\n1;2\n", "no section VOTES"),
        ("META\nbudget;9\nPROJECTS\nproject_id;cost\n1;2\nVOTES\n", "no section VOTES"),
        ("META\nbudget;9\nPROJECTS\nproject_id;cost\n1;2\nVOTES\nvoter_id\n7\n", "“vote”"),
        ("META\nbudget;9\nPROJECTS\nproject;cost\n1;2\nVOTES\nvote\n1\n", "no project_id"),
        ("META\nbudget;9\nPROJECTS\nVOTES\nvote\n1\n", "no project"),
        ("META\nbudget;9\nPROJECTS\nproject_id,cost\n1,2\nVOTES\nvote\n1\n", "no project_id"),
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


def test_costs_of_many_decimals_are_exact():
    text = ROUND.format(kind="approval").replace("p1;30", "p1;33333.333333333336")
    found = read(text.encode())
    assert found.unit == 10**12
    assert found.projects[0].cost == 33333333333333336


def test_who_voted_twice_is_named_and_a_wrong_number_of_projects_is_said():
    text = (
        ROUND.format(kind="approval")
        .replace("\n2;;p2", "\n1;;p2")
        .replace("num_votes;2", "num_votes;2\nnum_projects;3")
    )
    assert [each.split(" ")[0] for each in read(text.encode()).warnings] == ["The", "1"]


def test_points_that_do_not_fit_name_the_voter():
    text = ROUND.format(kind="cumulative").replace("1;33;p1,p2;3,0", "ada;33;p1,p2;3")
    with pytest.raises(Invalid, match="ada"):
        read(text.encode())


def test_points_below_nothing_and_in_fractions_are_read():
    text = ROUND.format(kind="scoring").replace("3,0", "-1,0.5")
    assert read(text.encode()).ballots == (("p2",), ("p2",))
