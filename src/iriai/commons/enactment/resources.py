"""What a commons decides about its repositories, and how each of it is done.

A payload names the repository by its address (`datasets/lab/speech`); what is kept is its number
too, so that a decision follows it through a change of name. A private one is named by number alone,
because proposals are public.
"""

from functools import partial
from typing import Any

from iriai.base.errors import Invalid
from iriai.base.names import clean_repo_name
from iriai.base.tx import Ground, Tx
from iriai.commons import queries
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action
from iriai.commons.enactment import buckets, landing, last_word, licensing, payloads
from iriai.commons.enactment.deciding import holder, is_collective
from iriai.commons.enactment.registry import Decision, Done, Payload, enacts, lands
from iriai.commons.membership import queries as membership
from iriai.discussions import queries as discussions
from iriai.identity import queries as identity
from iriai.identity.rules import Actor
from iriai.repos import actions as repos
from iriai.repos import guarded, powers
from iriai.repos import queries as repos_queries
from iriai.repos.rules import Gated, Kind, Repo, Visibility


def commons_actor(tx: Tx, commons_id: int, name: str = "") -> Actor:
    """The commons itself, as who owns what it holds; `name` is what the log calls it."""
    owner_id = membership.organisation_id(tx, commons_id)
    if owner_id is None:
        raise Invalid("This commons has no organisation that could hold repositories.")
    return Actor(id=owner_id, name=name)


def resource(tx: Tx, commons_id: int, payload: Payload) -> Repo:
    """The repository that a payload names, which must be this commons' own."""
    actor = commons_actor(tx, commons_id)
    if payload.get("repo_id") is not None:
        found = repos_queries.by_id(tx, payloads.whole_number(payload["repo_id"], "Which one?"))
    else:
        address = str(payload.get("repo", "")).strip().strip("/").removeprefix("models/")
        if not address:
            raise Invalid("Which repository? Name it by its address, such as datasets/lab/speech.")
        kind = next(
            (each for each in Kind if each.prefix and address.startswith(each.prefix)), None
        )
        kind = kind or Kind.MODEL
        found = repos_queries.repo(tx, actor, kind, address.removeprefix(kind.prefix))
    if found.owner_id != actor.id:
        raise Invalid("A commons decides about its own repositories, and this is none of them.")
    return found


def named(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    """How a payload keeps the repository that it names."""
    found = resource(tx, commons_id, payload)
    shown = f"repository {found.id} (private)" if found.is_private else found.address
    return {"repo_id": found.id, "repo": shown}


def _ordinary(tx: Tx, commons_id: int, payload: Payload, act: str) -> dict[str, Any]:
    """The same, but for the charter, which stays as and where it is."""
    found = resource(tx, commons_id, payload)
    guarded.require_ordinary(found, hub=tx.ground.settings.url, act=act)
    return named(tx, commons_id, payload)


def _told(tx: Tx, decision: Decision, verb: str, repo: Repo, **facts: Any) -> None:
    """What happened to a repository, by which decision."""
    tx.record(
        decision.commons_id, decision.actor_name, verb, repo.subject, **decision.cited, **facts
    )


# -- made, merged, relicensed: what lands a commit ------------------------------------------------


def _clean_create(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    commons_actor(tx, commons_id)
    try:
        kind = Kind(str(payload.get("kind", "model")))
        visibility = Visibility(str(payload.get("visibility", "public")))
    except ValueError:
        raise Invalid("A repository is a model, a dataset or a space; public or private.") from None
    name = clean_repo_name(str(payload.get("name", "")).strip(), kind)
    repos.require_visibility(kind, visibility)
    return {"kind": kind.value, "name": name, "visibility": visibility.value}


@lands(
    Action.RESOURCE_CREATE,
    clean=_clean_create,
    words=lambda each: f"Make the {each['visibility']} {each['kind']} {each['name']}.",
)
def create(ground: Ground, decision: Decision, payload: Payload, done: Done) -> None:
    """Make a repository that the commons holds."""
    with ground.read() as tx:
        actor = commons_actor(tx, decision.commons_id, decision.actor_name)
        held_by = holder(tx, actor.id or 0, is_organisation=True)
    repos.create(
        ground,
        actor,
        kind=payload["kind"],
        owner=decision.commons,
        name=payload["name"],
        visibility=payload["visibility"],
        held_by=held_by,
        first=partial(queries.lock, commons_id=decision.commons_id),
        witness=done,
    )


def _clean_merge(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    found = resource(tx, commons_id, payload)
    if guarded.is_charter(found):
        raise Invalid("A change of the charter is proposed as charter.amend.")
    number = payloads.whole_number(payload.get("number", 0), "Which pull request?")
    asked = discussions.discussion(tx, found, number)
    tip = discussions.sides(tx, asked).tip
    if not asked.is_pull_request or tip is None:
        raise Invalid(f"{found.address} has no pull request {number}.")
    return {**named(tx, commons_id, payload), "number": number, "sha": tip}


@lands(
    Action.RESOURCE_MERGE,
    clean=_clean_merge,
    words=lambda each: (
        f"Merge pull request {each['number']} of {each['repo']}, as it is at {each['sha'][:10]}."
    ),
)
def merge(ground: Ground, decision: Decision, payload: Payload, done: Done) -> None:
    """Merge a pull request, whoever could do it alone."""
    with ground.read() as tx:
        actor = commons_actor(tx, decision.commons_id, decision.actor_name)
        found = resource(tx, decision.commons_id, payload)
    number, sha = int(payload["number"]), payload.get("sha")
    landing.merge(ground, actor, found, number, decision=decision, sha=sha, done=done)


def _clean_relicense(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    licence = payloads.text(payload, "licence", "which licence it shall have")
    if any(mark in licence for mark in ":#\"'[]{}"):
        raise Invalid("A licence is named by its identifier, such as apache-2.0.")
    landing.require_licence_allowed(charters.in_force(tx, commons_id), licence)
    return {**_ordinary(tx, commons_id, payload, "relicensed"), "licence": licence}


@lands(
    Action.RESOURCE_RELICENSE,
    clean=_clean_relicense,
    words=lambda each: f"Give {each['repo']} the licence {each['licence']}.",
)
def relicense(ground: Ground, decision: Decision, payload: Payload, done: Done) -> None:
    """Write another licence into its card, as one commit on main, wherever main is by then."""
    with ground.read() as tx:
        actor = commons_actor(tx, decision.commons_id, decision.actor_name)
        found = resource(tx, decision.commons_id, payload)
    licensing.write(ground, actor, found, payload["licence"], decision=decision, done=done)


# -- what changes the repository as a whole -------------------------------------------------------


def _clean_label(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    text = str(payload.get("text") or "").strip()
    cleaned = payloads.text(payload, "text", "what the label says") if text else ""
    return {**_ordinary(tx, commons_id, payload, "labelled"), "text": cleaned}


@enacts(
    Action.RESOURCE_LABEL,
    clean=_clean_label,
    words=lambda each: (
        f"Say on top of {each['repo']}: {each['text']}"
        if each["text"]
        else f"Take the label off {each['repo']}."
    ),
)
def label(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Put a label on it, or take it off."""
    found = resource(tx, decision.commons_id, payload)
    powers.label(tx, found.id, payload["text"] or None)
    _told(tx, decision, "labelled", found, text=payload["text"])


def _clean_delist(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    flag = payloads.flag(payload, "delisted")
    return {**_ordinary(tx, commons_id, payload, "delisted"), "delisted": flag}


@enacts(
    Action.RESOURCE_DELIST,
    clean=_clean_delist,
    words=lambda each: (
        f"Leave {each['repo']} out of lists and searches."
        if each["delisted"]
        else f"Take {each['repo']} into lists and searches again."
    ),
)
def delist(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Leave it out of lists, or take it in again."""
    found = resource(tx, decision.commons_id, payload)
    powers.delist(tx, found.id, is_delisted=payload["delisted"])
    _told(tx, decision, "delisted" if payload["delisted"] else "listed", found)


GATES = {
    "none": "Open {} to everybody who may see it.",
    "auto": "Gate {}: whoever says who they are and what for is let in at once.",
    "manual": "Gate {}: whoever says who they are and what for is let in one by one.",
}


def _clean_gate(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    asked = str(payload.get("gated", "")).lower()
    if asked not in GATES:
        raise Invalid("A gate is auto (whoever asks is let in), manual (each is decided) or none.")
    return {**_ordinary(tx, commons_id, payload, "gated"), "gated": asked}


@enacts(
    Action.RESOURCE_GATE,
    clean=_clean_gate,
    words=lambda each: GATES[each["gated"]].format(each["repo"]),
)
def gate(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Put a gate before its files, or take it away."""
    found = resource(tx, decision.commons_id, payload)
    gated = None if payload["gated"] == "none" else Gated(payload["gated"])
    powers.gate(tx, found.id, gated)
    last_word.gate_decided(tx, found.id, gated)
    _told(tx, decision, "gated", found, gated=payload["gated"])


def _clean_freeze(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    frozen = payloads.flag(payload, "frozen")
    reason = payloads.text(payload, "reason", "why it shall be frozen") if frozen else ""
    return {**_ordinary(tx, commons_id, payload, "frozen"), "frozen": frozen, "reason": reason}


@enacts(
    Action.RESOURCE_FREEZE,
    clean=_clean_freeze,
    words=lambda each: (
        f"Freeze {each['repo']}: {each['reason']}"
        if each["frozen"]
        else f"Let {each['repo']} be changed again."
    ),
)
def freeze(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Let nobody change it, or let them again."""
    found = resource(tx, decision.commons_id, payload)
    powers.freeze(tx, found.id, payload["reason"] or None)
    _told(tx, decision, "froze" if payload["frozen"] else "thawed", found)


def _clean_visibility(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    if buckets.is_bucket(payload):
        return buckets.showing(tx, commons_actor(tx, commons_id), payload)
    found = resource(tx, commons_id, payload)
    guarded.require_ordinary(found, hub=tx.ground.settings.url, act="hidden")
    try:
        asked = Visibility(str(payload.get("visibility", "")))
    except ValueError:
        raise Invalid("A repository is public or private.") from None
    repos.require_visibility(found.kind, asked)
    return {**named(tx, commons_id, payload), "visibility": asked.value}


@enacts(
    Action.RESOURCE_VISIBILITY,
    clean=_clean_visibility,
    words=lambda each: f"Make {each['repo']} {each['visibility']}.",
)
def show(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Show it to everybody, or to members alone."""
    actor = commons_actor(tx, decision.commons_id, decision.actor_name)
    if "bucket_id" in payload:
        buckets.show(tx, actor, payload)
        return
    found = resource(tx, decision.commons_id, payload)
    powers.settle(tx, actor, found, visibility=Visibility(payload["visibility"]))


def _clean_transfer(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    if buckets.is_bucket(payload):
        return buckets.moving(tx, commons_actor(tx, commons_id), payload)
    found = resource(tx, commons_id, payload)
    guarded.require_ordinary(found, hub=tx.ground.settings.url, act="moved")
    to_owner = str(payload.get("to_owner") or found.owner).strip()
    owner = identity.account(tx, to_owner)
    _require_takes(tx, owner.id, found, is_organisation=owner.is_organisation)
    name = clean_repo_name(str(payload.get("to_name") or found.name).strip(), found.kind)
    if (owner.name, name) == (found.owner, found.name):
        raise Invalid("This is its name already; say which other name or owner it shall have.")
    name = payloads.new_name(found.name, name, is_private=found.is_private)
    return {**named(tx, commons_id, payload), "to_owner": owner.name, "to_name": name}


def _require_takes(tx: Tx, owner_id: int, found: Repo, *, is_organisation: bool) -> None:
    if owner_id != found.owner_id and is_organisation and is_collective(tx, owner_id):
        raise Invalid("That commons decides itself what it takes in; it must propose this there.")


@enacts(
    Action.RESOURCE_TRANSFER,
    clean=_clean_transfer,
    words=lambda each: f"Move {each['repo']} to {payloads.place(each)}.",
)
def transfer(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Give it another name or owner; the old name leads to the new one."""
    _moved(tx, decision, payload)


def _moved(tx: Tx, decision: Decision, payload: Payload) -> None:
    actor = commons_actor(tx, decision.commons_id, decision.actor_name)
    if "bucket_id" in payload:
        buckets.move(tx, actor, payload)
        return
    found = resource(tx, decision.commons_id, payload)
    owner = identity.account(tx, payload["to_owner"])
    _require_takes(tx, owner.id, found, is_organisation=owner.is_organisation)
    stays = owner.id == found.owner_id
    powers.move(
        tx,
        actor,
        found,
        to_owner=payload["to_owner"],
        to_name=payload["to_name"] or found.name,
        held_by=None if stays else holder(tx, owner.id, is_organisation=owner.is_organisation),
        by_decision=True,
    )


def _clean_return(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    found = resource(tx, commons_id, payload)
    guarded.require_ordinary(found, hub=tx.ground.settings.url, act="given back")
    person = identity.account(tx, str(payload.get("to_owner", "")).strip())
    if person.is_organisation:
        raise Invalid("What was dedicated is given back to a person; to others it is moved.")
    name = clean_repo_name(str(payload.get("to_name") or found.name).strip(), found.kind)
    name = payloads.new_name(found.name, name, is_private=found.is_private)
    return {**named(tx, commons_id, payload), "to_owner": person.name, "to_name": name}


@enacts(
    Action.RESOURCE_RETURN,
    clean=_clean_return,
    words=lambda each: f"Give {each['repo']} back to {each['to_owner']}, who alone decides then.",
)
def give_back(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Give what was dedicated back to a person: the one way out of dedication."""
    _moved(tx, decision, payload)


def _tombstone(tx: Tx, decision: Decision) -> str:
    where = f"{tx.ground.settings.url}/commons/{decision.commons}/proposals/{decision.number}"
    return f"The commons {decision.commons} decided so: {where}"


def _clean_delete(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    if buckets.is_bucket(payload):
        return buckets.named(tx, commons_actor(tx, commons_id), payload)
    return _ordinary(tx, commons_id, payload, "deleted")


@enacts(
    Action.RESOURCE_DELETE,
    clean=_clean_delete,
    words=lambda each: f"Delete {each['repo']} for good; a tombstone will say that it was here.",
)
def delete(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Delete it: its name answers 410 for ever, its bytes go after a grace."""
    actor = commons_actor(tx, decision.commons_id, decision.actor_name)
    if "bucket_id" in payload:
        buckets.bury(tx, actor, decision, payload["bucket_id"])
        return
    found = resource(tx, decision.commons_id, payload)
    powers.bury(tx, actor, found, by=_tombstone(tx, decision))
    _told(tx, decision, "entombed", found)
