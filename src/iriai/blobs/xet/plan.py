"""Reconstruction plans: which chunks of which xorbs make up these bytes of a file.

A plan names whole chunks; `skip` says how many bytes of the first to drop. For every xorb it lists
the byte ranges to fetch, as few as possible: chunk ranges that touch or overlap are one. The same
plan serves Xet clients (who fetch for themselves) and the bridge (which fetches for the others).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from iriai.base.errors import Invalid
from iriai.blobs.xet.chunks import ChunkTable
from iriai.blobs.xet.shard import Term


@dataclass(frozen=True, slots=True)
class Fetch:
    """Chunks `start` to `end`, exclusive, of a xorb: bytes `first` to `last`, inclusive."""

    start: int
    end: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How to make up some bytes of a file."""

    skip: int
    terms: Sequence[Term]
    fetches: Mapping[bytes, Sequence[Fetch]]


def plan(terms: Sequence[Term], tables: Mapping[bytes, ChunkTable], first: int, last: int) -> Plan:
    """The plan for bytes `first` to `last`, inclusive, of the file made of `terms`."""
    if not 0 <= first <= last:
        raise Invalid("A range begins at or after zero and ends after it begins.")
    trimmed: list[Term] = []
    skip = 0
    for begins_at, term in _overlapping(terms, first, last):
        table = tables[term.xorb]
        inner = table.raw_start(term.start)
        start, end = term.start, term.end
        if begins_at < first:
            start = table.chunk_at(inner + first - begins_at)
            skip = inner + first - begins_at - table.raw_start(start)
        if begins_at + term.length > last + 1:
            end = table.chunk_at(inner + last - begins_at) + 1
        trimmed.append(Term(term.xorb, start, end, table.raw_length(start, end)))
    return Plan(skip, trimmed, _fetches(trimmed, tables))


def _overlapping(terms: Sequence[Term], first: int, last: int) -> Iterator[tuple[int, Term]]:
    """The terms that hold bytes `first` to `last`, each with where it begins in the file."""
    begins_at = 0
    for term in terms:
        if begins_at > last:
            return
        if begins_at + term.length > first:
            yield begins_at, term
        begins_at += term.length


def _fetches(terms: Sequence[Term], tables: Mapping[bytes, ChunkTable]) -> dict[bytes, list[Fetch]]:
    runs: dict[bytes, list[tuple[int, int]]] = {}
    for term in terms:
        runs.setdefault(term.xorb, []).append((term.start, term.end))
    return {
        xorb: [
            Fetch(start, end, tables[xorb].start(start), tables[xorb].start(end) - 1)
            for start, end in _merged(pairs)
        ]
        for xorb, pairs in runs.items()
    }


def _merged(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Runs in order, those that touch or overlap made one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(runs):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
