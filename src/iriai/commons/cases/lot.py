r"""Drawing a panel by lot, so that anybody can draw it again. Pure.

    seed  = SHA-256(root ⏎ string of who appeals ⏎ string of who decided ⏎ beacon)
    place = SHA-256(seed | member), the least first

all as text: the root and the seed in hexadecimal, a member by their number on this hub. In a shell:
`printf '%s\n%s\n%s\n%s' ROOT A B BEACON | sha256sum` and `printf '%s|%s' SEED MEMBER | sha256sum`.

The root is that of the first checkpoint of the log after the window closed, which nobody could know
while strings could still be changed; and nobody but the parties could know the strings. The first
in that order are asked; each accepts or declines once, and who declines is followed by the next.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iriai.base.errors import Invalid

STRING_LENGTH_MAX = 200
POOL_MAX = 200_000


@dataclass(frozen=True, slots=True)
class Verified:
    """What recomputing a published draw gave. `faults` is empty where it agrees."""

    seed: str
    names: tuple[str, ...]
    faults: tuple[str, ...]


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


def verify(record: Mapping[str, Any]) -> Verified:
    """Draw a published panel again: its seed, its order, and that nobody was passed over."""
    try:
        strings = record["strings"]
        root = str(record["checkpoint"]["root"])
        own = seed(root, strings["appellant"], strings["decider"], str(record.get("beacon", "")))
        named = {str(each["id"]): str(each["name"]) for each in record["eligible"]}
        asked = [(str(each["id"]), str(each["state"])) for each in record["asked"]]
        claimed, size, by_lot = str(record["seed"]), int(record["size"]), record["form"] == "lot"
    except (KeyError, TypeError, ValueError):
        raise Invalid("This is not the record of a draw.", code="NotADraw") from None
    if len(named) > POOL_MAX:
        raise Invalid("This pool is larger than any commons.", code="NotADraw")
    if not by_lot:
        return Verified(claimed, tuple(named[each] for each, _ in asked if each in named), ())
    return Verified(own, *_checked(own, claimed, named, asked, size))


def _checked(
    own: str, claimed: str, named: Mapping[str, str], asked: Sequence[tuple[str, str]], size: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names that the lot gives, and what the record says otherwise."""
    faults = []
    if own != claimed:
        faults.append("The seed is not the hash of this root, these strings and this beacon.")
    ordered = order(own, named)
    gone = {each for each, state in asked if state in ("declined", "silent")}
    if [each for each, _ in asked] != ordered[: len(asked)]:
        faults.append("Those who were asked are not the first in the order of the lot.")
    if len(asked) > size + len(gone):
        faults.append("More were asked than were needed.")
    names = tuple(named[each] for each in ordered if each not in gone)[:size]
    return names, tuple(faults)
