"""Secret ballots: a key that only the voter's code gives. Pure, but for the code itself.

A voter gets a *code*, once, when they vote; the hub does not keep it. Their ballot lies under the
SHA-256 of the code, which is also their *receipt*: after the count the ballots are published by
receipt, so a voter finds their own and nobody else does. Changing a ballot takes the code.
"""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from iriai.base.errors import Conflict, Denied, Invalid

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
CODE_LENGTH = 20
GROUP_LENGTH = 5
RECEIPT_LENGTH = 24

Ballot = Mapping[str, Any]
"""What lies in the urn: `marks`, and the `votes` that it counts for."""

_KEPT = (
    "Your ballot is kept without your name, without a time and in no order; the roll says only "
    "that you have voted. Members and stewards cannot join the two, "
)
_WIPED = (
    "and neither can whoever gets one copy of the database and all its files: what they held "
    "before is wiped right after each ballot, or as soon as nobody reads it any more. "
)
_LOGGED = (
    "and neither can whoever gets one dump of the database. Whoever gets the files of its server "
    "may: PostgreSQL keeps what it wrote in a log of its own for a while, and for as long as that "
    "log is archived or copied to another server. "
)
_BESIDES = (
    "While you are the only one who has voted, or all have voted alike, the count alone tells. "
    "Whoever runs this hub could still see how you vote if they set out to: by watching the "
    "machine in the moment you vote, by comparing copies or backups made just before and just "
    "after, or by what a disk or its snapshots hold of what was wiped. For an election in which "
    "you do not trust them with that, ask for one with Belenios."
)


def who_could_see(*, keeps_what_was: bool) -> str:
    """Who could see how one votes; `keeps_what_was`: whether the database does, as PostgreSQL."""
    return _KEPT + (_LOGGED if keeps_what_was else _WIPED) + _BESIDES


def new_code() -> str:
    """A code of a hundred random bits, in groups that can be copied by hand."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    groups = (drawn[at : at + GROUP_LENGTH] for at in range(0, CODE_LENGTH, GROUP_LENGTH))
    return "-".join(groups)


def receipt(proposal: str, code: str) -> str:
    """Under what a ballot lies, and is published: 24 hexadecimal digits."""
    bare = code.lower().replace("-", "").replace(" ", "")
    bare = bare.translate(str.maketrans("oil", "011"))
    if len(bare) != CODE_LENGTH or set(bare) - set(ALPHABET):
        raise Invalid("A voting code has four groups of five letters and digits.", code="CodeWrong")
    digest = hashlib.sha256(f"iriai ballot\n{proposal}\n{bare}".encode())
    return digest.hexdigest()[:RECEIPT_LENGTH]


def cast(
    roll: list[int],
    ballots: Mapping[str, Ballot],
    *,
    voter_id: int,
    key: str,
    ballot: Ballot,
    new: bool,
) -> tuple[list[int], dict[str, Ballot]]:
    """The roll and the urn with one more ballot, or with one changed; both sorted.

    A ballot that is changed weighs what it did, whoever of those who know its code changes it.
    """
    if new and voter_id in roll:
        raise Conflict(
            "You have voted. To change your ballot, give the code that you got for it.",
            code="CodeNeeded",
        )
    if not new and (voter_id not in roll or key not in ballots):
        raise Denied("No ballot of this vote lies under this code.", code="CodeWrong")
    weight = {} if new else {"votes": ballots[key]["votes"]}
    changed = {**ballots, key: {**ballot, **weight}}
    return sorted({*roll, voter_id}), dict(sorted(changed.items()))
