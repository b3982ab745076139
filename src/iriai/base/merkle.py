"""Merkle trees as RFC 9162 (section 2.1) draws them: roots, inclusion and consistency proofs. Pure.

A tree over `size` leaves is known by the hashes of its *complete* subtrees: `nodes(level, index)`
is the hash over the leaves `[index << level, (index + 1) << level)`. Every function here asks only
for complete subtrees that lie within `size`, so a caller may keep them in a table and never rehash.
Hashes are 32 bytes of SHA-256. Proofs are lists of hashes in the RFC's order.
"""

import hashlib
from collections.abc import Callable, Sequence

Nodes = Callable[[int, int], bytes]

EMPTY_ROOT = hashlib.sha256(b"").digest()

HASH_BYTES = 32
RUN_LEVEL = 10
RUN = 1 << RUN_LEVEL


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def appended(index: int, leaf: bytes, nodes: Nodes) -> list[tuple[int, int, bytes]]:
    """The complete subtrees `(level, index, hash)` that the leaf at `index` finishes."""
    made = [(0, index, leaf)]
    level, value = 0, leaf
    while index & 1:
        value = node_hash(nodes(level, index - 1), value)
        level, index = level + 1, index >> 1
        made.append((level, index, value))
    return made


def root(size: int, nodes: Nodes) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return EMPTY_ROOT if size == 0 else _subtree(0, size, nodes)


def inclusion(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """The proof that leaf `index` is in the tree of `size` leaves; `0 <= index < size`."""
    if not 0 <= index < size:
        raise ValueError("The leaf lies outside the tree.")
    return _path(index, 0, size, nodes)


def consistency(first: int, second: int, nodes: Nodes) -> list[bytes]:
    """The proof that the tree of `first` leaves begins that of `second`; `0 < first <= second`."""
    if not 0 < first <= second:
        raise ValueError("Consistency is from a smaller tree, that is not empty, to a larger one.")
    return _subproof(first, 0, second, whole=True, nodes=nodes)


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root_hash: bytes
) -> bool:
    """Whether `proof` shows the leaf's hash at `index` under `root_hash` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes(leaf, root_hash, *proof):
        return False
    fn, sn, value = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            value = node_hash(sibling, value)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            value = node_hash(value, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and value == root_hash


def verify_consistency(
    first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes
) -> bool:
    """Whether `proof` shows that the first tree is a prefix of the second (RFC 9162, 2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    steps = list(proof)
    if first & (first - 1) == 0:
        steps.insert(0, first_root)
    if not steps:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old, new = node_hash(step, old), node_hash(step, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and old == first_root and new == second_root


class Tree:
    """A tree that only grows, and keeps of what went in no more than a hash for each level."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        """Append the hash of an entry."""
        self._push(0, leaf)

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Append the hashes of entries; whole runs at a time, which is twice as fast."""
        at = 0
        while at < len(leaves):
            if self.size % RUN == 0 and len(leaves) - at >= RUN:
                self._push(RUN_LEVEL, _run(leaves[at : at + RUN]))
                at += RUN
            else:
                self._push(0, leaves[at])
                at += 1

    def root(self) -> bytes:
        """The root over what there is."""
        if not self._peaks:
            return EMPTY_ROOT
        value = self._peaks[-1][1]
        for _, left in reversed(self._peaks[:-1]):
            value = node_hash(left, value)
        return value

    def _push(self, level: int, value: bytes) -> None:
        self.size += 1 << level
        while self._peaks and self._peaks[-1][0] == level:
            value = node_hash(self._peaks.pop()[1], value)
            level += 1
        self._peaks.append((level, value))


def _run(leaves: Sequence[bytes]) -> bytes:
    """The root over a power of two of leaves."""
    sha256, row = hashlib.sha256, list(leaves)
    while len(row) > 1:
        pairs = iter(row)
        row = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(pairs, pairs, strict=True)
        ]
    return row[0]


def kept(leaves: Sequence[bytes]) -> Nodes:
    """The complete subtrees over these leaves, each hashed once, for the functions here."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        row = levels[-1]
        levels.append([node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)])
    return lambda level, index: levels[level][index]


def _are_hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1


def _subtree(start: int, count: int, nodes: Nodes) -> bytes:
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return nodes(level, start >> level)
    left = _split(count)
    return node_hash(_subtree(start, left, nodes), _subtree(start + left, count - left, nodes))


def _path(index: int, start: int, count: int, nodes: Nodes) -> list[bytes]:
    if count == 1:
        return []
    left = _split(count)
    if index < left:
        return [*_path(index, start, left, nodes), _subtree(start + left, count - left, nodes)]
    return [
        *_path(index - left, start + left, count - left, nodes),
        _subtree(start, left, nodes),
    ]


def _subproof(first: int, start: int, count: int, *, whole: bool, nodes: Nodes) -> list[bytes]:
    if first == count:
        return [] if whole else [_subtree(start, count, nodes)]
    left = _split(count)
    if first <= left:
        return [
            *_subproof(first, start, left, whole=whole, nodes=nodes),
            _subtree(start + left, count - left, nodes),
        ]
    return [
        *_subproof(first - left, start + left, count - left, whole=False, nodes=nodes),
        _subtree(start, left, nodes),
    ]
