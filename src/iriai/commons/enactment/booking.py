"""On whose account something is kept in a commons: whose part of the pot it takes.

Where institutions vote, what somebody makes counts for the institution for which they act; where
people do, for themselves. Whoever made it can say otherwise, among their own; and who speaks for
the institution that it counts for can give it back to whoever made it.
"""

from typing import Any

from iriai.base.errors import Denied, Invalid
from iriai.base.tx import Tx
from iriai.buckets import powers as bucket_powers
from iriai.buckets import queries as buckets
from iriai.buckets.rules import Bucket
from iriai.commons import queries as commons
from iriai.commons.enactment import storage
from iriai.commons.membership import queries, speaking
from iriai.commons.membership.actions import taking_part
from iriai.identity.rules import Actor
from iriai.repos import powers, room
from iriai.repos import queries as repos
from iriai.repos.rules import Kind, Repo

CHOICE = 2
"""Of so many accounts there is one to choose."""

BUCKETS = "buckets/"
"""How an address says that it is a bucket's."""

Thing = Repo | Bucket


def begin(tx: Tx, actor: Actor, made: Thing) -> None:
    """Let what somebody just made count for the institution for which they act, if any."""
    accounts = speaking.accounts(tx, made.commons_id, actor.id)
    if accounts and accounts[0][0] != actor.id:
        _book(tx, actor, made, *accounts[0])


def leave(tx: Tx, actor: Actor, before: Thing, after: Thing) -> None:
    """What moved to another commons counts for whoever made it."""
    if before.commons_id != after.commons_id and before.counts_for_id is not None:
        _book(tx, actor, after, None, "")


def book(tx: Tx, actor: Actor, commons_id: int, *, thing: str, account: str) -> Thing:
    """Let a repository or bucket (by its address) count for this account, which is one's own.

    An empty `account` gives what counts for one's institution back to whoever made it. `Excessive`
    where there is no room for it.
    """
    commons.lock(tx, commons_id)
    mine = taking_part(tx, actor, commons_id)
    found = _named(tx, actor, thing)
    if found.commons_id != commons_id:
        raise Invalid(f"{found.full_name} is not kept in this commons.")
    own = {name.casefold(): (each, name) for each, name in speaking.accounts(tx, commons_id, mine)}
    if found.creator_id == mine:
        if account.casefold() not in own:
            raise Denied(
                f"You do not act for {account[:80]} here. What you make counts for yourself, as a "
                "member, or for an institution that is one and from which you are.",
                code="Forbidden",
            )
        number, name = own[account.casefold()]
    elif any(each == found.counts_for_id for each, _ in own.values()) and not account:
        number, name = None, ""
    else:
        raise Denied(
            "Whoever made it says for whom it counts; who speaks for the institution it counts for "
            "can give it back to them.",
            code="Forbidden",
        )
    made = _book(tx, actor, found, None if number == mine else number, name)
    room.require(tx, made)
    return made


def made_by(tx: Tx, actor: Actor, commons_id: int) -> list[dict[str, Any]]:
    """What somebody made in a commons, and for whom each counts, where there is a choice."""
    accounts = speaking.accounts(tx, commons_id, actor.id)
    if len(accounts) < CHOICE:
        return []
    owner = queries.organisation_id(tx, commons_id)
    found: list[Thing] = [*repos.repos_of(tx, actor, owner)] if owner else []
    found += buckets.buckets_of(tx, actor, owner) if owner else []
    names = dict(accounts)
    return [
        {"address": address(each), "counts_for": names.get(each.payer_id or 0, "")}
        for each in found
        if each.creator_id == actor.id
    ]


def address(thing: Thing) -> str:
    """By which `book` finds it: `datasets/lab/speech`, `buckets/lab/runs`."""
    return thing.address if isinstance(thing, Repo) else f"{BUCKETS}{thing.full_name}"


def _named(tx: Tx, actor: Actor, thing: str) -> Thing:
    thing = thing.strip().strip("/")
    if thing.startswith(BUCKETS):
        return buckets.bucket(tx, actor, thing.removeprefix(BUCKETS))
    given = (each for each in Kind if each.prefix and thing.startswith(each.prefix))
    kind = next(given, Kind.MODEL)
    return repos.repo(tx, actor, kind, thing.removeprefix(kind.prefix))


def _book(tx: Tx, actor: Actor, thing: Thing, number: int | None, name: str) -> Thing:
    made: Thing
    if isinstance(thing, Repo):
        powers.book(tx, actor, thing, number, name=name)
        made = repos.by_id(tx, thing.id)
    else:
        commons.lock(tx, thing.commons_id)
        bucket_powers.book(tx, actor, thing, number, name=name)
        made = buckets.by_id(tx, thing.id)
        storage.refresh(tx, thing.commons_id)
    return made
