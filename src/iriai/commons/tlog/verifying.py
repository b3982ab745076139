"""Check a log against what was signed: anybody can, from anywhere, without trusting the hub. Pure.

A log is given as its entries in order, with the hash that was kept of each where there is one, the
checkpoints that were signed, and the keys. What does not agree is a `Finding`, which names the
entry. A key that signed two histories has convicted its owner: `Misbehaviour` is the proof, a file
that needs nothing but the key to be checked.
"""

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from iriai.base import merkle
from iriai.base.errors import HubError
from iriai.commons.tlog.rules import (
    Checkpoint,
    Note,
    PublicKey,
    read_checkpoint,
    read_note,
    signers,
)

FINDINGS_MAX = 100

Entries = Iterable[tuple[int, bytes]]
Leaves = Iterable[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a log that is not as it was signed."""

    position: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Said:
    """A checkpoint whose signature is good, and its note word for word."""

    checkpoint: Checkpoint
    note: str
    key: PublicKey


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """Two things that one key signed and that cannot both be true.

    Of equal size with different roots they convict by themselves. Otherwise `proof` shows that the
    second says `root` of the size of the first, which said another.
    """

    first: Said
    second: Said
    root: bytes
    proof: tuple[bytes, ...]

    @property
    def text(self) -> str:
        """The file."""
        lines = [
            "iriai proof of misbehaviour",
            "",
            f"The key {self.first.key.text}",
            f"signed two histories of {self.first.checkpoint.origin}.",
        ]
        if self.first.checkpoint.size == self.second.checkpoint.size:
            lines.append(f"Both have {self.first.checkpoint.size} entries; their roots differ.")
        else:
            lines += [
                f"The second has another root over its first {self.first.checkpoint.size} entries:",
                base64.b64encode(self.root).decode(),
                "This is its consistency proof (RFC 9162, 2.1.4) from that root to its own:",
                *(base64.b64encode(each).decode() for each in self.proof),
            ]
        lines += ["", "--- first", self.first.note, "--- second", self.second.note]
        return "\n".join(lines)


def said(text: str, keys: Sequence[PublicKey]) -> Said | Finding:
    """What a note says, if one of the log's keys signed it."""
    try:
        note: Note = read_note(text)
        checkpoint = read_checkpoint(note.text)
    except HubError as error:
        return Finding(None, f"A checkpoint cannot be read: {error.message}")
    good = signers(note, [key for key in keys if key.name == checkpoint.origin])
    if not good:
        return Finding(
            checkpoint.size - 1 if checkpoint.size else None,
            f"The checkpoint of {checkpoint.size:,} entries is not signed by a key of this log.",
        )
    return Said(checkpoint, text, good[0])


def verify(
    entries: Callable[[], Entries],
    checkpoints: Sequence[Said],
    *,
    leaves: Leaves | None = None,
    told: Callable[[int], None] = lambda _: None,
) -> Iterator[Finding | Misbehaviour]:
    """Everything in a log that is not as the checkpoints say.

    `leaves` are the hashes kept of the entries, by which a changed one can be named. `entries` is
    called a second time only where a proof of misbehaviour is to be made.
    """
    due = sorted(checkpoints, key=lambda each: each.checkpoint.size)
    yield from _contradictions(due)
    look = _Look(due, told)
    yield from look.through(entries(), iter(leaves) if leaves is not None else None)
    if not look.changed:
        yield from _rewritings(entries, look)


class _Look:
    """One pass over a log: which checkpoints it bears out, and which not."""

    def __init__(self, due: Sequence[Said], told: Callable[[int], None]) -> None:
        self.tree = merkle.Tree()
        self.told = told
        self.waiting = [each for each in due if each.checkpoint.size]
        self.waiting.reverse()
        self.good: list[Said] = []
        self.bad: list[Said] = []
        self.changed = 0

    def through(
        self, entries: Entries, kept: Iterator[tuple[int, bytes]] | None
    ) -> Iterator[Finding]:
        batch: list[bytes] = []
        for position, entry in entries:
            if position != self.tree.size + len(batch):
                missing = self.tree.size + len(batch)
                self.changed += 1
                yield Finding(missing, f"Entry {missing:,} of the log is missing.")
                return
            leaf = merkle.leaf_hash(entry)
            if kept is not None and (was := next(kept, None)) is not None and was[1] != leaf:
                self.changed += 1
                if self.changed <= FINDINGS_MAX:
                    yield Finding(position, f"Entry {position:,} of the log was changed.")
            batch.append(leaf)
            if len(batch) == merkle.RUN or self.is_due(position + 1):
                self.take(batch)
                batch = []
        self.take(batch)
        if self.waiting:
            size = self.tree.size
            self.changed += 1
            signed = self.waiting[0].checkpoint.size
            yield Finding(
                size,
                f"Entry {size:,} of the log is missing: {signed:,} entries were signed, and "
                f"{size:,} are there.",
            )

    def is_due(self, size: int) -> bool:
        return bool(self.waiting) and self.waiting[-1].checkpoint.size == size

    def take(self, batch: list[bytes]) -> None:
        self.tree.extend(batch)
        self.told(self.tree.size)
        root = self.tree.root() if self.is_due(self.tree.size) else b""
        while self.is_due(self.tree.size):
            at = self.waiting.pop()
            (self.good if at.checkpoint.root == root else self.bad).append(at)


def _contradictions(due: Sequence[Said]) -> Iterator[Finding | Misbehaviour]:
    for first, second in pairwise(due):
        one, other = first.checkpoint, second.checkpoint
        if one.size == other.size and one.root != other.root and first.key == second.key:
            yield Finding(
                None, f"Two checkpoints of {one.size:,} entries were signed with different roots."
            )
            yield Misbehaviour(first, second, other.root, ())


def _rewritings(entries: Callable[[], Entries], look: _Look) -> Iterator[Finding | Misbehaviour]:
    """What to say of checkpoints that these entries do not bear out."""
    good = max((each.checkpoint.size for each in look.good), default=0)
    sizes = {each.checkpoint.size for each in look.good}
    for at in look.bad:
        size = at.checkpoint.size
        if size in sizes:
            continue  # said already, as a contradiction
        since = max((each for each in sizes if each < size), default=0)
        where = f"{since:,}" if size - since == 1 else f"between {since:,} and {size - 1:,}"
        yield Finding(
            since,
            f"Entry {where} of the log was changed: the checkpoint of {size:,} entries has "
            "another root.",
        )
        if size < good:
            leaves = [merkle.leaf_hash(entry) for _, entry in entries()]
            nodes = merkle.kept(leaves)
            later = next(each for each in look.good if each.checkpoint.size == good)
            proof = merkle.consistency(size, good, nodes)
            yield Misbehaviour(at, later, merkle.root(size, nodes), tuple(proof))
        return
