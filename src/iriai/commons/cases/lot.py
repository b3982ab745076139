r"""Drawing a panel by lot, so that anybody can draw it again. Pure.

    seed  = SHA-256(root ⏎ string of who appeals ⏎ string of who decided ⏎ beacon)
    place = SHA-256(seed | member), the least first

all as text: the root and the seed in hexadecimal, a member by their number on this hub. In a shell:
`printf '%s\n%s\n%s\n%s' ROOT A B BEACON | sha256sum` and `printf '%s|%s' SEED MEMBER | sha256sum`.

The root is that of the first checkpoint of the log after the window closed, which nobody could know
while strings could still be changed; and nobody but the parties could know the strings. The first
in that order are asked; each accepts or declines once, and who declines is followed by the next.

Who could not be drawn is a party, or stands near one: so the list of all who could is not for
everybody. As the lot is drawn the log gets the root of a tree over it, in its order:

    leaf = salt | place | member | name, the salt SHA-256(secret | place), as text

hashed as RFC 9162 has it, padded with leaves of nobody. Who may see the matter gets list and secret
and draws again. Everybody gets the openings of those who were asked, where their names tell nothing
of others, and checks these.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iriai.base import merkle
from iriai.base.errors import Invalid

STRING_LENGTH_MAX = 200
POOL_MAX = 200_000
LEAVES_MIN = 16
SECRET_BYTES = 32
PROOF_LENGTH_MAX = 64

Named = tuple[str, str]
"""A member: their number, and their name."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What recomputing a published draw gave. `faults` is empty where it agrees.

    `is_whole`: whether the record had all who could be drawn.
    """

    seed: str
    names: tuple[str, ...]
    faults: tuple[str, ...]
    is_whole: bool = True


def seed(root: str, appellant: str = "", decider: str = "", beacon: str = "") -> str:
    """The seed of a draw, in hexadecimal."""
    text = f"{root}\n{appellant}\n{decider}\n{beacon}"
    return hashlib.sha256(text.encode()).hexdigest()


def order(seed: str, members: Iterable[str]) -> list[str]:
    """All members in the order in which they are asked."""
    return sorted(
        members, key=lambda each: (hashlib.sha256(f"{seed}|{each}".encode()).digest(), each)
    )


def clean_string(text: str) -> str:
    """A party's string for the seed: one line of anything."""
    cleaned = " ".join(text.replace("\0", "").split())
    if len(cleaned) > STRING_LENGTH_MAX:
        raise Invalid(f"A string for the lot has at most {STRING_LENGTH_MAX} characters.")
    return cleaned


# -- the commitment ------------------------------------------------------------------------------


def opened(secret: str, place: int, member: str, name: str) -> str:
    """The text of a leaf: with its salt nobody can guess who stands at a place."""
    return f"{salt(secret, place)}|{place}|{member}|{name}"


def salt(secret: str, place: int) -> str:
    """What opens one place and no other."""
    return hashlib.sha256(f"{secret}|{place}".encode()).hexdigest()


def root(secret: str, ordered: Sequence[Named]) -> str:
    """What commits to a pool in its order, in hexadecimal."""
    size, nodes = _tree(secret, ordered)
    return merkle.root(size, nodes).hex()


def proofs(secret: str, ordered: Sequence[Named], places: Iterable[int]) -> dict[int, list[str]]:
    """That whoever stands at these places does, and nothing about others; by place."""
    size, nodes = _tree(secret, ordered)
    return {
        place: [each.hex() for each in merkle.inclusion(place, size, nodes)] for place in places
    }


def _tree(secret: str, ordered: Sequence[Named]) -> tuple[int, merkle.Nodes]:
    """A full tree, of at least `LEAVES_MIN` leaves: its size does not tell how many are meant."""
    size = LEAVES_MIN
    while size < len(ordered):
        size *= 2
    named = [*ordered, *[("", "")] * (size - len(ordered))]
    texts = [opened(secret, place, *each) for place, each in enumerate(named)]
    return size, merkle.kept([merkle.leaf_hash(text.encode()) for text in texts])


# -- drawing again -------------------------------------------------------------------------------


def verify(record: Mapping[str, Any]) -> Verified:
    """Draw a published panel again: its seed, its order, and that nobody was passed over.

    Of a record without the list of all who could be drawn: its seed, and that who was asked stands
    first in the order that the hub committed to, and in the order of the lot.
    """
    try:
        read = _read(record)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Invalid("This is not the record of a draw.", code="NotADraw") from None
    if len(read.named or ()) > POOL_MAX:
        raise Invalid("This pool is larger than any commons.", code="NotADraw")
    if not read.by_lot:
        known = [each.name for each in read.asked if each.name is not None]
        return Verified(read.claimed, tuple(known), (), read.named is not None)
    faults = []
    if read.seed != read.claimed:
        faults.append("The seed is not the hash of this root, these strings and this beacon.")
    gone = [each for each in read.asked if each.is_gone]
    if len(read.asked) > read.size + len(gone):
        faults.append("More were asked than were needed.")
    if read.named is None:
        faults += _faults_of_openings(read)
        names = [each.name for each in read.asked if each.name is not None and not each.is_gone]
        return Verified(read.seed, tuple(names[: read.size]), tuple(faults), False)
    ordered = order(read.seed, read.named)
    if [each.member for each in read.asked] != ordered[: len(read.asked)]:
        faults.append("Those who were asked are not the first in the order of the lot.")
    if read.root is not None:
        pool = [(each, read.named[each]) for each in order(read.claimed, read.named)]
        if read.secret is None or root(read.secret, pool) != read.root.hex():
            faults.append("The list of all who could be drawn is not the one committed to.")
    left = {each.member for each in gone}
    names = [read.named[each] for each in ordered if each not in left]
    return Verified(read.seed, tuple(names[: read.size]), tuple(faults), True)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Somebody who was asked; nobody in particular where the record does not say who."""

    state: str
    member: str | None
    name: str | None
    salt: str | None
    proof: tuple[bytes, ...]

    @property
    def is_gone(self) -> bool:
        return self.state in ("declined", "silent")


@dataclass(frozen=True, slots=True)
class _Read:
    """The record of a draw."""

    seed: str
    claimed: str
    size: int
    by_lot: bool
    named: Mapping[str, str] | None
    root: bytes | None
    secret: str | None
    asked: tuple[_Asked, ...]


def _read(record: Mapping[str, Any]) -> _Read:
    strings, eligible = record["strings"], record.get("eligible")
    named = None
    if eligible is not None:
        named = {str(each["id"]): str(each["name"]) for each in eligible}
    own = seed(
        str(record["checkpoint"]["root"]),
        strings["appellant"],
        strings["decider"],
        str(record.get("beacon", "")),
    )
    return _Read(
        seed=own,
        claimed=str(record["seed"]),
        size=int(record["size"]),
        by_lot=record["form"] == "lot",
        named=named,
        root=None if (given := _text(record, "eligible_root")) is None else bytes.fromhex(given),
        secret=_text(record, "salt"),
        asked=tuple(
            _Asked(
                str(each["state"]),
                _text(each, "id"),
                _text(each, "name"),
                _text(each, "salt"),
                tuple(bytes.fromhex(one) for one in each.get("proof") or ()),
            )
            for each in record["asked"]
        ),
    )


def _text(given: Mapping[str, Any], name: str) -> str | None:
    found = given.get(name)
    return None if found is None else str(found)


def _faults_of_openings(read: _Read) -> Iterator[str]:
    """What is wrong with those of whom the record says who they are."""
    open_ = {place: each for place, each in enumerate(read.asked) if each.member is not None}
    for place, each in open_.items():
        leaf = merkle.leaf_hash(f"{each.salt}|{place}|{each.member}|{each.name}".encode())
        proven = each.proof[:PROOF_LENGTH_MAX]
        if not merkle.verify_inclusion(leaf, place, 1 << len(proven), proven, read.root or b""):
            yield f"{each.name} does not stand at place {place + 1} of what was committed to."
    members = [str(each.member) for each in open_.values()]
    if members != order(read.seed, members):
        yield "Those who were asked are not in the order of the lot."
