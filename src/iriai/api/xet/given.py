"""To whom a signed URL was given: it says so itself, and they are asked about when it is used.

A URL travels without credentials and lives for an hour, parts of an upload for a day. Rights can be
lost meanwhile, a file be held, a repository hidden: then the URL is good for nothing any more. The
store itself cannot ask: an address there lives for minutes.
"""

import re

from iriai.api.xet import entry
from iriai.api.xet.entry import Standing
from iriai.base.errors import Denied, Invalid, Unknown
from iriai.base.tx import Tx
from iriai.blobs.passes import XetPass

STORE_LIFE_SECONDS = 5 * 60
"""How long an address at an S3 store is good to begin with: nobody asks there again."""

_GIVEN = re.compile(r"([rb])(\d{1,18})-(\d{1,18})-(\d{1,18})", re.ASCII)


def words(
    holder_id: int, account_id: int | None, token_id: int | None, *, is_bucket: bool = False
) -> str:
    """Which repository or bucket a URL is for, and whose account and token it was given to."""
    return f"{'b' if is_bucket else 'r'}{holder_id}-{account_id or 0}-{token_id or 0}"


def read(text: str, *, may_write: bool) -> XetPass:
    """The same out of a URL, whose signature is to be asked for besides."""
    found = _GIVEN.fullmatch(text)
    if found is None:
        raise Invalid("This address does not say to whom it was given.")
    return XetPass(
        repo_id=int(found[2]),
        may_write=may_write,
        account_id=int(found[3]) or None,
        token_id=int(found[4]) or None,
        expires_at=0,  # the URL has its own
        is_bucket=found[1] == "b",
    )


def standing(tx: Tx, held: XetPass) -> Standing:
    """They and what it is for, judged as they are now. No credentials mend it: a new URL does."""
    try:
        return entry.standing(tx, held)
    except (Denied, Unknown) as refusal:
        if refusal.code not in {"Unauthenticated", "RepoNotFound"}:
            raise
        raise Denied(
            "This address is not good any more: the token it was given to was revoked, or what it "
            "is for is not there for them now. Ask for a new one.",
            code="Expired",
        ) from None
