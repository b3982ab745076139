"""Debian's counter beside others that were written elsewhere, on elections drawn at random."""

import json
import random
import shutil
import subprocess

import pytest
from tests.conftest import LONG
from tests.support.clients import python_apart

from iriai.commons.counting.condorcet import count, matrix

PROFILES = 300 if LONG else 60


def profiles():
    drawn = random.Random(11)
    for _ in range(PROFILES):
        options = drawn.randint(2, 6)
        marks = [None, *range(1, options + 1)]
        yield (
            options,
            [[drawn.choice(marks) for _ in range(options)] for _ in range(drawn.randint(1, 25))],
        )


def test_belenios_has_the_same_winners():
    tool = shutil.which("belenios-tool")
    if tool is None:
        pytest.skip("belenios-tool is not installed: apt-get install belenios-tool")
    for options, ballots in profiles():
        given = json.dumps([[mark or options + 1 for mark in ballot] for ballot in ballots])
        command = [tool, "method", "schulze", f"--nchoices={options}", "--blank-allowed=true"]
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, check=True, timeout=20
        )
        winners = json.loads(done.stdout)["winners"][0]
        beaten = matrix(ballots, options)
        assert sorted(count(beaten, default=None).leaders) == sorted(winners)


BEAT_PATHS = """
import json, sys
from pref_voting.margin_based_methods import beat_path
from pref_voting.profiles_with_ties import ProfileWithTies
found = []
for options, ballots in json.load(sys.stdin):
    ranked = [{place: mark or options + 1 for place, mark in enumerate(each)} for each in ballots]
    profile = ProfileWithTies(ranked, candidates=list(range(options)))
    profile.use_extended_strict_preference()
    def strength(a, b):
        won, lost = profile.support(a, b), profile.support(b, a)
        return won * 1_000 - lost if won > lost else 0  # A.5: then by fewer against
    found.append(sorted(int(each) for each in beat_path(profile, strength_function=strength)))
print(json.dumps(found))
"""


@pytest.mark.long  # it brings compilers along, in an environment of its own
@pytest.mark.timeout(900)
def test_pref_voting_has_the_same_winners_by_winning_votes():
    python = python_apart("pref_voting-1.18.2", "pref_voting==1.18.2")
    given = list(profiles())
    done = subprocess.run(
        [python, "-c", BEAT_PATHS],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    ours = [
        sorted(count(matrix(ballots, options), default=None).leaders) for options, ballots in given
    ]
    assert json.loads(done.stdout.splitlines()[-1]) == ours
