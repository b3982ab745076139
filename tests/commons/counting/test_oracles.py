"""Debian's counter beside others that were written elsewhere, on elections drawn at random."""

import json
import random
import shutil
import subprocess

import pytest
from tests.conftest import LONG
from tests.support.clients import python_apart

from iriai.commons.counting import equal_shares
from iriai.commons.counting.condorcet import count, matrix

PROFILES = 300 if LONG else 60
ROUNDS = 4_000


def profiles():
    drawn = random.Random(11)
    for _ in range(PROFILES):
        options = drawn.randint(2, 6)
        marks = [None, *range(1, options + 1)]
        yield (
            options,
            [[drawn.choice(marks) for _ in range(options)] for _ in range(drawn.randint(1, 25))],
        )


def told(python, program, given):
    """What another counter says of these, run by a Python with an environment of its own."""
    done = subprocess.run(
        [python, "-c", program],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_belenios_has_the_same_winners():
    tool = shutil.which("belenios-tool")
    if tool is None:
        pytest.skip("belenios-tool is not installed: apt-get install belenios-tool")
    for options, ballots in profiles():
        given = json.dumps([[mark or options + 1 for mark in ballot] for ballot in ballots])
        command = [tool, "method", "schulze", f"--nchoices={options}", "--blank-allowed=true"]
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, check=True, timeout=120
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
    ours = [
        sorted(count(matrix(ballots, options), default=None).leaders) for options, ballots in given
    ]
    assert told(python, BEAT_PATHS, given) == ours


EQUAL_SHARES = """
import json, sys
from pabutools.election import ApprovalBallot, ApprovalProfile, Cost_Sat, Instance, Project
from pabutools.rules.mes import method_of_equal_shares
from pabutools.tiebreaking import TieBreakingRule

def bought(costs, ballots, limit):
    projects = {name: Project(name, cost) for name, cost in costs.items()}
    order = list(costs)
    votes = {name: sum(name in each for each in ballots) for name in costs}
    given = Instance(projects.values(), budget_limit=limit)
    marked = [ApprovalBallot(projects[name] for name in each if name in costs) for each in ballots]
    rank = lambda _, __, one: (one.cost, -votes[one.name], order.index(one.name))
    found = method_of_equal_shares(
        given, ApprovalProfile(marked, instance=given), Cost_Sat, tie_breaking=TieBreakingRule(rank)
    )
    return sorted(each.name for each in found), sum(int(each.cost) for each in found)

found = []
for costs, ballots, budget in json.load(sys.stdin):
    able = {name: cost for name, cost in costs.items() if cost <= budget}
    wanted = sorted(name for name in able if any(name in each for each in ballots))
    best, _ = bought(able, ballots, budget)
    share = budget // len(ballots) + 1
    while best != wanted:
        more, cost = bought(able, ballots, share * len(ballots))
        if cost > budget:
            break
        best, share = more, share + 1
    found.append(best)
print(json.dumps(found))
"""


def rounds():
    drawn = random.Random(7)
    for _ in range(ROUNDS):
        names = [f"p{place}" for place in range(drawn.randint(1, 7))]
        most, share = drawn.choice([2, 4, 9, 20]), drawn.random()
        costs = {name: drawn.randint(1, most) for name in names}
        kinds = [
            [name for name in names if drawn.random() < share] for _ in range(drawn.randint(1, 6))
        ]
        ballots = [drawn.choice(kinds) for _ in range(drawn.randint(2, 12))]
        yield costs, ballots, drawn.randint(1, most * len(names))


@pytest.mark.long  # its licence is another; it stays in an environment of its own
@pytest.mark.timeout(900)
def test_pabutools_buys_the_same_at_every_share_and_breaks_ties_the_same():
    """Its method for one share, with the search for what is left over as it is defined."""
    python = python_apart("pabutools-1.2.3", "pabutools==1.2.3")
    given = list(rounds())
    ours = [
        equal_shares.count([equal_shares.Project(*each) for each in costs.items()], ballots, budget)
        for costs, ballots, budget in given
    ]
    assert told(python, EQUAL_SHARES, given) == [each.selected for each in ours]
    assert sum(any(each.tied for each in one.purchases) for one in ours) > ROUNDS // 4
