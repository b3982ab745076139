"""Buckets of an organisation: what is done to one as a whole, its charter says.

Files come and go in a bucket as its writers like; that is what it is for. But a bucket of a commons
is deleted, moved and hidden as a repository is: by whom the charter lets, else by a decision.
"""

from collections.abc import Mapping
from typing import Any

from iriai.base.errors import Invalid
from iriai.base.names import clean_repo_name
from iriai.base.tx import Tx
from iriai.buckets import actions, powers, queries, rules
from iriai.buckets.rules import Bucket
from iriai.commons.charter.rules import Action
from iriai.commons.enactment import booking, payloads
from iriai.commons.enactment.deciding import decide_for, is_collective
from iriai.commons.enactment.registry import Decision
from iriai.identity import queries as identity
from iriai.identity.rules import Actor

PREFIX = booking.BUCKETS
"""How a proposal names a bucket: `buckets/lab/runs`."""


def create_bucket(tx: Tx, actor: Actor, *, owner: str, name: str, is_private: bool) -> Bucket:
    """Make a bucket; in a commons it counts for the institution for which its maker acts."""
    made = actions.create(tx, actor, owner=owner, name=name, is_private=is_private)
    if _is_held(tx, made):
        booking.begin(tx, actor, made)
    return queries.by_id(tx, made.id)


def delete_bucket(tx: Tx, actor: Actor, bucket: Bucket) -> None:
    """Delete a bucket; an organisation's goes by its charter, as repositories do."""
    if not identity.account(tx, bucket.owner).is_organisation:
        actions.delete(tx, actor, bucket)
        return
    _decide(tx, actor, Action.RESOURCE_DELETE, bucket)
    powers.delete(tx, actor, bucket)


def move_bucket(tx: Tx, actor: Actor, bucket: Bucket, *, to_owner: str, to_name: str) -> Bucket:
    """Give a bucket another name or owner; a commons decides that of its own."""
    if _is_held(tx, bucket):
        _decide(tx, actor, Action.RESOURCE_TRANSFER, bucket)
    return actions.move(tx, actor, bucket, to_owner=to_owner, to_name=to_name)


def change_bucket(tx: Tx, actor: Actor, bucket: Bucket, *, is_private: bool | None) -> Bucket:
    """Show or hide a bucket; a commons decides that of its own. None changes nothing."""
    if is_private is None:
        rules.require_administer(actor, bucket)
        return bucket
    if _is_held(tx, bucket):
        _decide(tx, actor, Action.RESOURCE_VISIBILITY, bucket)
    return actions.change_visibility(tx, actor, bucket, is_private=is_private)


def _is_held(tx: Tx, bucket: Bucket) -> bool:
    """Whether members decide about this bucket."""
    owner = identity.account(tx, bucket.owner)
    return owner.is_organisation and is_collective(tx, owner.id)


def _decide(tx: Tx, actor: Actor, action: Action, bucket: Bucket) -> None:
    rules.require_read(actor, bucket)
    decide_for(tx, actor, action, owner_id=bucket.owner_id, owner=bucket.owner)


# -- as it was decided ----------------------------------------------------------------------------


def is_bucket(payload: Mapping[str, Any]) -> bool:
    """Whether a payload names a bucket."""
    return str(payload.get("repo", "")).strip().startswith(PREFIX)


def named(tx: Tx, owner: Actor, payload: Mapping[str, Any]) -> dict[str, Any]:
    """How a payload keeps the bucket that it names, which must be this commons' own."""
    address = str(payload["repo"]).strip().strip("/").removeprefix(PREFIX)
    found = queries.bucket(tx, owner, address)
    if found.owner_id != owner.id:
        raise Invalid("A commons decides about its own buckets, and this is none of them.")
    shown = f"bucket {found.id} (private)" if found.is_private else f"{PREFIX}{found.full_name}"
    return {"bucket_id": found.id, "repo": shown}


def moving(tx: Tx, owner: Actor, payload: Mapping[str, Any]) -> dict[str, Any]:
    """How a payload keeps where a bucket shall go: to a person, or to another name."""
    kept = named(tx, owner, payload)
    found = queries.by_id(tx, kept["bucket_id"])
    to = identity.account(tx, str(payload.get("to_owner") or found.owner).strip())
    if to.id != owner.id and to.is_organisation and is_collective(tx, to.id):
        raise Invalid("That commons decides itself what it takes in; it must propose this there.")
    name = clean_repo_name(str(payload.get("to_name") or found.name).strip())
    if (to.id, name) == (owner.id, found.name):
        raise Invalid("This is its name already; say which other name or owner it shall have.")
    name = payloads.new_name(found.name, name, is_private=found.is_private)
    return {**kept, "to_owner": to.name, "to_name": name}


def showing(tx: Tx, owner: Actor, payload: Mapping[str, Any]) -> dict[str, Any]:
    """How a payload keeps who shall see a bucket."""
    visibility = payload.get("visibility")
    if visibility not in ("public", "private"):
        raise Invalid("A bucket is public or private.")
    return {**named(tx, owner, payload), "visibility": visibility}


def bury(tx: Tx, actor: Actor, decision: Decision, bucket_id: int) -> None:
    """Delete a bucket as it was decided."""
    found = _own(tx, actor, bucket_id)
    powers.delete(tx, actor, found)
    tx.record(decision.commons_id, decision.actor_name, "entombed", found.subject, **decision.cited)


def move(tx: Tx, actor: Actor, payload: Mapping[str, Any]) -> None:
    """Give a bucket another name or owner as it was decided."""
    found = _own(tx, actor, payload["bucket_id"])
    to = identity.account(tx, payload["to_owner"])
    powers.move(tx, actor, found, to=to, to_name=payload["to_name"] or found.name)


def show(tx: Tx, actor: Actor, payload: Mapping[str, Any]) -> None:
    """Show or hide a bucket as it was decided."""
    found = _own(tx, actor, payload["bucket_id"])
    powers.show(tx, actor, found, is_private=payload["visibility"] == "private")


def _own(tx: Tx, owner: Actor, bucket_id: int) -> Bucket:
    found = queries.by_id(tx, bucket_id)
    if found.owner_id != owner.id:
        raise Invalid("This bucket belongs to somebody else now.")
    return found
