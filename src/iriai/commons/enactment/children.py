"""A commons below this one: taken in by decision, once its own charter names this one as parent.

The child narrows its parent's charter by its own word. That the parent agrees is said in both logs.
"""

from typing import Any

from iriai.base.errors import Conflict, Invalid
from iriai.base.tx import Tx
from iriai.commons import queries as commons_queries
from iriai.commons.charter import narrowing
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action
from iriai.commons.enactment.registry import Decision, Payload, enacts
from iriai.commons.proposals import queries as proposals

CHILDREN_SOUGHT_MAX = 1_000


def waiting(tx: Tx, commons_id: int) -> list[str]:
    """The names of commons whose charters name this one as their parent, and are not in yet."""
    mine = charters.in_force(tx, commons_id).commons
    found = []
    for each in commons_queries.all_commons(tx)[:CHILDREN_SOUGHT_MAX]:
        parent = charters.in_force(tx, each.id).parent
        if parent is not None and parent.commons == mine and not is_in(tx, commons_id, each.name):
            found.append(each.name)
    return found


def is_in(tx: Tx, commons_id: int, name: str) -> bool:
    """Whether this commons has agreed to this child."""
    agreed = proposals.enacted(tx, commons_id, Action.CHILD_ADD)
    return any((each.main.payload or {}).get("child") == name for each in agreed)


def _clean(tx: Tx, commons_id: int, payload: Payload) -> dict[str, Any]:
    child = commons_queries.commons(tx, str(payload.get("child", "")).strip())
    if is_in(tx, commons_id, child.name):
        raise Invalid(f"{child.name} is below this commons already.")
    digest = charters.version(tx, child.id).digest
    _require_below(tx, commons_id, child.id)
    return {"child": child.name, "digest": digest}


def _require_below(tx: Tx, commons_id: int, child_id: int) -> None:
    mine = charters.in_force(tx, commons_id)
    charter = charters.in_force(tx, child_id)
    if charter.parent is None or charter.parent.commons != mine.commons:
        raise Invalid(
            f"The charter of {charter.commons} does not name {mine.commons} as its parent; that "
            "commons amends its charter first."
        )
    wider = narrowing.widened(charter, mine)
    if wider:
        raise Invalid(
            f"A child may only narrow; {charter.commons} allows more in: {', '.join(wider[:5])}."
        )


@enacts(
    Action.CHILD_ADD,
    clean=_clean,
    words=lambda payload: (
        f"Take {payload['child']} in as a commons below this one, with the charter it has now."
    ),
)
def take_in(tx: Tx, decision: Decision, payload: Payload) -> None:
    """Agree to a child, if its charter is still the one that was agreed to."""
    child = commons_queries.commons(tx, payload["child"])
    if charters.version(tx, child.id).digest != payload["digest"]:
        raise Conflict(f"{child.name} has another charter since; propose it anew.")
    _require_below(tx, decision.commons_id, child.id)
    by, subject = decision.actor_name, f"commons/{child.name}"
    facts = {"parent": decision.commons, "digest": payload["digest"]}
    tx.record(decision.commons_id, by, "took in the commons", subject, **facts, **decision.cited)
    tx.record(child.id, by, "was taken in", subject, **facts, decision=decision.reference)
