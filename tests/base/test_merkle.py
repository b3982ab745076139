"""The tree against RFC 9162: its published vectors, the definition itself, and hostile proofs."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from iriai.base import merkle

RFC_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
RFC_ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def tree(leaves):
    kept = {}
    for index, entry in enumerate(leaves):
        made = merkle.appended(index, merkle.leaf_hash(entry), lambda *place: kept[place])  # noqa: B023
        kept |= {(level, place): value for level, place, value in made}
    return lambda level, index: kept[level, index]


def defined_root(hashes):
    """The definition of RFC 9162, section 2.1.1, word by word."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    left = 1
    while left * 2 < len(hashes):
        left *= 2
    return merkle.node_hash(defined_root(hashes[:left]), defined_root(hashes[left:]))


def test_the_published_eight_leaves_have_the_published_root():
    assert merkle.root(8, tree(RFC_LEAVES)).hex() == RFC_ROOT


def test_the_empty_tree_has_the_hash_of_nothing():
    assert merkle.root(0, tree([])) == hashlib.sha256(b"").digest()


@given(st.integers(0, 70))
def test_roots_are_those_of_the_definition(size):
    leaves = [bytes([n]) for n in range(size)]
    assert merkle.root(size, tree(leaves)) == defined_root([merkle.leaf_hash(x) for x in leaves])


@given(st.data())
def test_every_entry_can_be_shown_and_no_other_in_its_place(data):
    size = data.draw(st.integers(1, 70))
    index = data.draw(st.integers(0, size - 1))
    nodes = tree([bytes([n]) for n in range(size)])
    root, proof = merkle.root(size, nodes), merkle.inclusion(index, size, nodes)
    leaf = merkle.leaf_hash(bytes([index]))
    assert merkle.verify_inclusion(leaf, index, size, proof, root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"forged"), index, size, proof, root)
    assert not merkle.verify_inclusion(leaf, (index + 1) % (size + 1), size, proof, root)
    assert not merkle.verify_inclusion(leaf, index, size, [*proof, root], root)


@given(st.data())
def test_a_log_that_grew_proves_that_it_only_grew(data):
    second = data.draw(st.integers(1, 70))
    first = data.draw(st.integers(1, second))
    nodes = tree([bytes([n]) for n in range(second)])
    old, new = merkle.root(first, nodes), merkle.root(second, nodes)
    proof = merkle.consistency(first, second, nodes)
    assert merkle.verify_consistency(first, second, proof, old, new)
    other = hashlib.sha256(b"other").digest()
    assert not merkle.verify_consistency(first, second, proof, other, new)
    if first != second:
        assert not merkle.verify_consistency(first, second, proof, old, other)


def test_consistency_with_the_empty_tree_is_refused():
    assert not merkle.verify_consistency(0, 3, [], merkle.EMPTY_ROOT, b"")
