"""Tally sheets of every year's form."""

import json

import pytest

from iriai.base.errors import Invalid
from iriai.commons.counting import ballot_export
from iriai.commons.counting.tally_sheet import read

HEAD = "   Option 1---->: A\n  /  Option 2--->: B\n  |/ Option 3-->: None of the above\n"
PREFLIB = """# FILE NAME: 00002-00000001.soi
# TITLE: Debian Project Leader
# ALTERNATIVE NAME 1: A
# ALTERNATIVE NAME 2: B
# ALTERNATIVE NAME 3: None
2: 1,{2,3}
1: 2
"""


@pytest.mark.parametrize(
    "line",
    [
        "V: 1-2",
        "V: 1-2 \t\t5de2d9bdec162e7ad7d475f7a3a912e0",
        " V: 1-2  ada  Ada Lovelace",
        "V: 1-2\t1234",
        "V: 1 - 2  5de2d9bd",
        "V: 1, -, 2",
        "v: 1-2",
        "V:1-2",
        "V : 1-2\treceipt",
        "V: 1-2 \u00a0 Zoë",
    ],
)
def test_a_ballot_is_read_in_every_form(line):
    assert read((HEAD + line + "\n").encode()).ballots == ([1, None, 2],)


def test_more_than_nine_options_have_letters_or_numbers_for_ranks():
    head = "".join(f"Option {n}->: O{n}\n" for n in range(1, 12))
    found = read((head + "V: 123456789AB x\nV: 1 2 3 4 5 6 7 8 9 10 - x\n").encode())
    assert found.ballots[0] == list(range(1, 12))
    assert found.ballots[1] == [*range(1, 11), None]


def test_a_converted_copy_is_read_with_a_warning():
    found = read(PREFLIB.encode())
    assert found.ballots == ([1, 2, 2], [1, 2, 2], [None, 1, None])
    assert "PrefLib" in found.warnings[0]


@pytest.mark.parametrize(
    "line",
    [
        "V: 12",
        "V: 1?2",
        "V: 102",
        "V: 1234 x",
        "V:",
        "V:  ",
        "V: - 2",
        "V: ١٢٣",
        "Option 4->:",
        "Option 5->: E",
    ],
)
def test_a_ballot_that_does_not_fit_is_refused_by_its_line(line):
    with pytest.raises(Invalid, match="Line 4"):
        read((HEAD + line + "\nV: 123\n").encode())


@pytest.mark.parametrize(
    "mangle",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text.removesuffix("\n"),
        lambda text: text.replace("\n", "\n\n").replace("V: ", "  V:\t"),
        lambda text: text + "\n-----\n -=-=-=-\n",
    ],
)
def test_how_a_sheet_was_saved_does_not_matter(mangle):
    found = read(mangle(HEAD + "V: 1-2\nV: 211\n").encode())
    assert found.options == ("A", "B", "None of the above")
    assert (found.ballots, found.warnings) == (([1, None, 2], [2, 1, 1]), ())


def test_a_name_of_a_line_break_of_another_alphabet_is_one_name():
    head = HEAD.replace(": A", ": A\u2028\x85 B…")
    assert read((head + "V: 123\n").encode()).options[0] == "A\u2028\x85 B…"
    assert read((head + "V: 123\n").encode("cp1252", "replace")).ballots == ([1, 2, 3],)


@pytest.mark.parametrize(
    ("names", "default"),
    [
        (("A", "B", "None Of The Above"), 2),
        (("Further Discussion", "A", "B"), 0),
        (("A", "Choice 2: Further discussion", "B"), 1),
        (("A", "FURTHER DISCUSSION", "None of the above"), 2),
        (("A", "B", "C"), 2),
        (("A", "None of the above is right", "C"), 2),
    ],
)
def test_the_default_is_the_option_that_is_called_so_or_the_last(names, default):
    head = "".join(f"Option {n}->: {name}\n" for n, name in enumerate(names, 1))
    assert read((head + "V: 123\n").encode()).default == default


def test_two_options_of_one_name_are_refused():
    with pytest.raises(Invalid, match="Line 2"):
        read(b"Option 1->: A\nOption 2->: A\nV: 12\n")


def test_an_option_without_a_name_is_refused():
    with pytest.raises(Invalid, match="Line 2"):
        read(b"Option 1->: A\nOption 2->:  \nV: 12\n")


def test_what_stands_among_the_ballots_and_is_none_is_named():
    found = read((HEAD + "V: 123\n213 receipt\nV: 321\nW: 123\n").encode())
    assert len(found.ballots) == 2
    assert "5, 7" in found.warnings[0]


def test_marks_of_two_options_are_not_taken_for_numbers_that_stand_apart():
    found = read(b"Option 1->: A\nOption 2->: B\nV: 12 34\nV: 2 1\nV: - 1 x\n")
    assert found.ballots == ([1, 2], [2, 1], [None, 1])


def test_options_after_the_ninth_may_be_lettered():
    names = [*map(str, range(1, 10)), "A", "B"]
    head = "".join(f"Option {n}->: O{n}\n" for n in names)
    assert len(read((head + "V: 123456789AB\n").encode()).options) == 11
    letters = "".join(f"Choice {n}->: O{n}\n" for n in "ABC")
    assert len(read((letters + "V: 123\n").encode()).options) == 3


@pytest.mark.parametrize(
    "line", ["1: 1,1", "1: 9", "1: {1,2},1", "99999999999: 1", "1: " + "9" * 5000]
)
def test_a_damaged_copy_of_preflib_is_refused(line):
    with pytest.raises(Invalid):
        read((PREFLIB + line + "\n").encode())


SHEET = {
    "format": "iriai-ballots",
    "version": 1,
    "method": "debian-a5",
    "electors": 9,
    "options": [{"text": "a"}, {"text": "keep", "default": True}],
    "ballots": [{"marks": [1, 2]}, {"marks": [None, 1], "votes": 2}],
}


def changed(path, value):
    """The sheet with one value put somewhere else; a path of names and numbers."""
    made = json.loads(json.dumps(SHEET))
    where = made
    for each in path[:-1]:
        where = where[each]
    where[path[-1]] = value
    return json.dumps(made).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *((["electors"], each) for each in (-5, 1e22, 10**22, "²", float("nan"), True, [9], 1.5)),
        *((["quorum_factor"], each) for each in ("-1", "1e400", "1/0", "", "9" * 99, None, [])),
        *((["options", 0, "ratio"], each) for each in (0, -1, 2.5, "3", True)),
        (["options", 0, "default"], True),
        (["options", 1, "default"], "yes"),
        (["options"], ["a", "b"]),
        (["options"], []),
        (["options"], 7),
        *((["ballots", 0, "marks"], each) for each in ([1], [0, 1], [-1, 1], ["1", 2], [1.5, 2])),
        (["ballots", 0, "marks"], None),
        (["ballots", 0], [1, 2]),
        (["ballots", 0, "votes"], 0),
        (["ballots", 0, "votes"], 10**9),
        (["ballots"], {"0": 1}),
        (["ballots"], None),
        (["method"], "borda"),
        *((["version"], each) for each in (3, "2", None)),
        (["seats"], 0),
        (["budget"], -1),
    ],
)
def test_a_file_of_ballots_that_is_wrong_anywhere_is_refused(path, value):
    with pytest.raises(Invalid):
        ballot_export.read(changed(path, value))


def test_a_file_of_ballots_that_is_right_is_counted():
    assert ballot_export.count(ballot_export.read(changed(["electors"], 9)))["winner"] == "keep"


def test_a_file_of_ballots_that_nests_without_end_is_refused():
    with pytest.raises(Invalid, match="JSON"):
        ballot_export.read(b"[" * 100_000)


def test_a_sheet_without_ballots_says_so():
    sheet = read(b"Option 1: tea\nOption 2: None of the above\nfoo: 12\n")
    assert sheet.ballots == ()
    assert any("no ballots" in each for each in sheet.warnings)


SEATS = {
    "format": "iriai-ballots",
    "version": 1,
    "method": "equal-shares-seats",
    "electors": 3,
    "seats": 2,
    "options": [{"text": "zoe"}, {"text": "ada"}, {"text": "bob"}],
    "ballots": [{"marks": [1, 1, 1], "voter": name} for name in ("x", "y", "z")],
}


def test_a_tie_for_seats_is_named_and_one_that_decides_nothing_is_not():
    found = ballot_export.count(ballot_export.read(json.dumps(SEATS).encode()))
    assert found["winners"] == ["zoe", "ada"]
    assert found["tied"] == ["zoe", "ada", "bob"]
    all_in = ballot_export.read(json.dumps(SEATS | {"seats": 3}).encode())
    assert ballot_export.count(all_in)["tied"] == []


def test_a_round_says_what_was_bought_for_what_and_fills_up_what_is_left():
    options = [
        {"text": "path", "cost": 60},
        {"text": "well", "cost": 60},
        {"text": "bin", "cost": 40},
    ]
    ballots = [{"marks": [1, 1, 0]}] * 4 + [{"marks": [0, 0, 1]}]
    given = SEATS | {"method": "equal-shares-budget", "budget": 100, "quorum_factor": "0"}
    given |= {"version": 2, "options": options, "ballots": ballots, "electors": 5}
    found = ballot_export.count(ballot_export.read(json.dumps(given).encode()))
    assert found["winners"] == ["path", "bin"]
    assert found["tied"] == ["path", "well"]
    assert found["cost"] == 100
    assert [(each["option"], each["payers"], each["price"]) for each in found["purchases"]] == [
        ("path", 4, "1/4"),
        ("bin", 1, None),
    ]
    before = ballot_export.read(json.dumps(given | {"version": 1}).encode())
    assert ballot_export.as_json(before)["version"] == 1
    assert ballot_export.count(before)["winners"] == ["path"], "what was published counts as it did"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ballots": [{"marks": [1, 0, 0], "voter": "x"}] * 2}, "Ballots 1 and 2 are of the same"),
        ({"ballots": [{"marks": [1, 0, 0]}, {"marks": ["1", 0, 0]}]}, "Ballot 2: a mark .* '1'"),
        ({"ballots": [{"marks": [1, 0]}]}, "Ballot 1 has one mark for each option"),
        ({"electors": 2}, "more votes in this file"),
        ({"options": [{"text": "zoe"}] * 3}, "Two options are the same"),
    ],
)
def test_an_export_that_cannot_be_right_is_refused_by_its_ballot(changed, said):
    with pytest.raises(Invalid, match=said):
        ballot_export.read(json.dumps(SEATS | changed).encode())
