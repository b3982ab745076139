"""The counters at the size of the largest elections and rounds, beside the limits of the issue.

10,000 ballots that rank 20 options, counted by Debian's A.5 within a second; 75,000 voters and 118
projects, counted by Equal Shares with add one within fifteen. The ballots are drawn from a seed.
The peer is the limit: a ratio above 1 misses it. Time is that of the processor.
"""

import random
import time

from bench.row import Row, compared, main

from iriai.commons.counting import condorcet, equal_shares
from iriai.commons.counting.equal_shares import Project

RANKED, OPTIONS, RANKED_SECONDS_MAX = 10_000, 20, 1.0
VOTERS, PROJECTS, ROUND_SECONDS_MAX = 75_000, 118, 15.0
BUDGET = 30_000_000
APPROVED_MAX = 10


def run(fast: bool) -> list[Row]:
    """Both counters, once each."""
    voters = VOTERS // 10 if fast else VOTERS
    ranked, spent = ranking(), round_(voters)
    return [
        compared(f"A.5, {RANKED:,} x {OPTIONS}", [ranked], [RANKED_SECONDS_MAX], "s", goal="<= 1"),
        compared(
            f"Equal Shares, {voters:,} x {PROJECTS}",
            [spent],
            [ROUND_SECONDS_MAX],
            "s",
            goal="<= 1",
        ),
    ]


def ranking() -> float:
    """Seconds to count a ranked election."""
    drawn = random.Random(1)
    ballots = [[drawn.randint(1, OPTIONS) for _ in range(OPTIONS)] for _ in range(RANKED)]
    begun = time.process_time()
    condorcet.count(condorcet.matrix(ballots, OPTIONS), default=OPTIONS - 1)
    return time.process_time() - begun


def round_(voters: int) -> float:
    """Seconds to count a budget round; projects are wanted as unevenly as they are in cities."""
    drawn = random.Random(2)
    ids = [str(number) for number in range(PROJECTS)]
    projects = [Project(each, drawn.randint(20_000, 3_000_000)) for each in ids]
    weights = [1 / (number + 3) ** 0.7 for number in range(PROJECTS)]
    ballots = [
        set(drawn.choices(ids, weights, k=drawn.randint(1, APPROVED_MAX))) for _ in range(voters)
    ]
    begun = time.process_time()
    equal_shares.count(projects, ballots, BUDGET)
    return time.process_time() - begun


if __name__ == "__main__":
    main(run)
