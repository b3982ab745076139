"""One line of a benchmark: ours beside its peer, the ratio of the two, and whether the goal is met.

A benchmark exposes `run(fast) -> list[Row]`; runs are interleaved and ratios are medians, so that a
busy machine disturbs both sides alike.
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """`ours` and `peer` in `unit`; `ratio` is compared with `goal` (such as `>= 0.9`)."""

    name: str
    ours: float
    peer: float
    unit: str
    ratio: float
    goal: str
    met: bool
    note: str = ""


def compared(
    name: str,
    ours: Sequence[float],
    peer: Sequence[float],
    unit: str,
    *,
    goal: str,
    note: str = "",
) -> Row:
    """The row of interleaved runs: the median of the ratios of neighbours, against `goal`."""
    ratio = statistics.median(a / b for a, b in zip(ours, peer, strict=True))
    sign, limit = goal.split()
    met = ratio >= float(limit) if sign == ">=" else ratio <= float(limit)
    return Row(name, statistics.median(ours), statistics.median(peer), unit, ratio, goal, met, note)


def show(rows: Sequence[Row]) -> None:
    """Print a table."""
    heads = ("", "ours", "peer", "unit", "ratio", "goal", "")
    lines = [heads] + [
        (
            row.name,
            f"{row.ours:,.4g}",
            f"{row.peer:,.4g}",
            row.unit,
            f"{row.ratio:.2f}",
            row.goal,
            "met" if row.met else "MISSED",
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )
    for row in rows:
        if row.note:
            print(f"   {row.name}: {row.note}")


def main(run: Callable[[bool], list[Row]]) -> None:
    """Run one benchmark from the command line; `--fast` for a quick look."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fast", action="store_true", help="fewer and smaller runs")
    show(run(parser.parse_args().fast))
    print(f"   again: python -m {sys.modules['__main__'].__spec__.name}")
