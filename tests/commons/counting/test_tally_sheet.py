"""Tally sheets of every year's form."""

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


@pytest.mark.parametrize("line", ["V: 12", "V: 1?2", "V: 102", "V: 1234 x"])
def test_a_ballot_that_does_not_fit_is_refused_by_its_line(line):
    with pytest.raises(Invalid, match="Line 4"):
        read((HEAD + line + "\n").encode())


@pytest.mark.parametrize("electors", ["-5", "1e400", "10000000000000000000000", '"\u00b2"', "NaN"])
def test_a_number_of_electors_that_cannot_be_is_refused(electors):
    options = '[{"text": "a"}, {"text": "keep", "default": true}]'
    sheet = (
        '{"format": "iriai-ballots", "version": 1, "method": "debian-a5", "ballots": [], '
        f'"options": {options}, "electors": {electors}}}'
    )
    with pytest.raises(Invalid):
        ballot_export.read(sheet.encode())


def test_a_file_of_ballots_that_nests_without_end_is_refused():
    with pytest.raises(Invalid, match="JSON"):
        ballot_export.read(b"[" * 100_000)
