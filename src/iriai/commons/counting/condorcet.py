"""The counter for choosing one option: Debian's constitution, section A.5. Pure and exact.

Ballots rank options; what a ballot leaves unranked it likes least, equally. One option is the
*default* ("keep as it is", "none of the above"). Counting goes in the constitution's own steps:

1. an option that fewer than the quorum prefer to the default is dropped;
2. so is one that does not defeat the default by its ratio (`V(A,D) >= N * V(D,A)`, and more);
3. among the rest the Schwartz set is found; while there are defeats inside it, the weakest are
   struck and it is found again;
4. one option left wins. Several left are a tie, for whoever has the casting vote.

Counts are integers, ratios and quorums are fractions; the quorum `factor * sqrt(electors)` is
compared by its square, so no square root is ever rounded.
Source: Debian constitution, version 1.9, appendix A.5; <https://www.debian.org/devel/constitution>.
"""

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import permutations

Matrix = Sequence[Sequence[int]]
Ballot = Sequence[int | None]
"""One rank for each option, 1 the best; None is unranked."""

FIELD_BITS = 48
"""Room for the count of one pair; more voters than that there will not be."""

QUORUM_FACTOR = Fraction(3, 2)
"""Debian's 3Q with Q half the square root of the number of electors."""


@dataclass(frozen=True, slots=True)
class Quorum:
    """At least `factor * sqrt(electors)` voters must prefer an option to the default."""

    electors: int
    factor: Fraction = QUORUM_FACTOR

    def is_met_by(self, votes: int) -> bool:
        """Whether `votes` are not fewer than the quorum; compared exactly, by squares."""
        return votes * votes >= self.factor * self.factor * self.electors

    @property
    def figure(self) -> float:
        """The quorum as people print it; never used to decide."""
        return float(self.factor) * math.sqrt(self.electors)


@dataclass(frozen=True, slots=True)
class Dropped:
    """An option out of the race, and why."""

    option: int
    reason: str


@dataclass(frozen=True, slots=True)
class Defeat:
    """More voters prefer `winner` to `loser` (`votes`) than the reverse (`against`)."""

    winner: int
    loser: int
    votes: int
    against: int


@dataclass(frozen=True, slots=True)
class Count:
    """The outcome and its whole working. `winner` is None on a tie between `leaders`."""

    winner: int | None
    leaders: tuple[int, ...]
    matrix: tuple[tuple[int, ...], ...]
    dropped: tuple[Dropped, ...]
    defeats: tuple[Defeat, ...]
    struck: tuple[tuple[Defeat, ...], ...] = field(default=())

    @property
    def is_tie(self) -> bool:
        """Whether a casting vote is needed."""
        return self.winner is None


def matrix(ballots: Iterable[Ballot], options: int) -> tuple[tuple[int, ...], ...]:
    """How many voters prefer each option to each other: `matrix[a][b]` prefer a to b.

    A row is added up as one large number with `FIELD_BITS` for each option, so that a ballot costs
    one addition an option, not one for each pair.
    """
    rows = [0] * options
    unranked = sys.maxsize
    for ballot in ballots:
        if len(ballot) != options:
            raise ValueError("A ballot has one rank for each option.")
        ranks = [unranked if rank is None else rank for rank in ballot]
        worse = level = 0  # those ranked below, and those of the rank that is being read
        last = None
        for option in sorted(range(options), key=ranks.__getitem__, reverse=True):
            if ranks[option] != last:
                worse, level, last = worse + level, 0, ranks[option]
            rows[option] += worse
            level += 1 << (FIELD_BITS * option)
    mask = (1 << FIELD_BITS) - 1
    return tuple(
        tuple(row >> (FIELD_BITS * option) & mask for option in range(options)) for row in rows
    )


def count(
    preferred: Matrix,
    *,
    default: int | None,
    ratios: Mapping[int, Fraction] | None = None,
    quorum: Quorum | None = None,
) -> Count:
    """Count by A.5. `ratios` names the options that need more than 1:1 over the default."""
    options = range(len(preferred))
    dropped = [] if default is None else _dropped(preferred, default, ratios or {}, quorum)
    out = {each.option for each in dropped}
    remaining = [option for option in options if option not in out]
    defeats = [
        Defeat(a, b, preferred[a][b], preferred[b][a])
        for a, b in permutations(remaining, 2)
        if preferred[a][b] > preferred[b][a]
    ]
    leaders, struck = _strike(remaining, defeats)
    return Count(
        winner=leaders[0] if len(leaders) == 1 else None,
        leaders=tuple(leaders),
        matrix=tuple(tuple(row) for row in preferred),
        dropped=tuple(dropped),
        defeats=tuple(defeats),
        struck=tuple(struck),
    )


def _dropped(
    preferred: Matrix, default: int, ratios: Mapping[int, Fraction], quorum: Quorum | None
) -> list[Dropped]:
    """Steps 1 and 2: who does not get past the default."""
    found = []
    for option in range(len(preferred)):
        if option == default:
            continue
        votes, against = preferred[option][default], preferred[default][option]
        ratio = ratios.get(option, Fraction(1))
        if quorum is not None and not quorum.is_met_by(votes):
            reason = f"quorum: {votes} prefer it to the default, {quorum.figure:.4f} are needed"
            found.append(Dropped(option, reason))
        elif votes < ratio * against or votes <= against:
            reason = f"majority: {votes} against {against}, where {ratio}:1 is needed"
            found.append(Dropped(option, reason))
    return found


def _strike(
    options: Sequence[int], defeats: Sequence[Defeat]
) -> tuple[list[int], list[tuple[Defeat, ...]]]:
    """Step 3: the Schwartz set, after striking the weakest defeats inside it again and again."""
    standing = list(defeats)
    struck: list[tuple[Defeat, ...]] = []
    while True:
        schwartz = _schwartz(options, standing)
        inside = [each for each in standing if each.winner in schwartz and each.loser in schwartz]
        if not inside:
            return schwartz, struck
        weakest = min((each.votes, -each.against) for each in inside)
        gone = tuple(each for each in inside if (each.votes, -each.against) == weakest)
        struck.append(gone)
        standing = [each for each in standing if each not in gone]


def _schwartz(options: Sequence[int], defeats: Iterable[Defeat]) -> list[int]:
    """The options that nobody defeats, directly or by a chain, without being defeated in turn."""
    reach = {option: {option} for option in options}
    for each in defeats:
        reach[each.winner].add(each.loser)
    for middle in options:
        for start in options:
            if middle in reach[start]:
                reach[start] |= reach[middle]
    return [a for a in options if all(a not in reach[b] or b in reach[a] for b in options)]
