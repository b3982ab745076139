"""Custody: what the parent of a commons decides when nobody there can decide any more.

It is a vote of the parent's own (at the root: of the hub's), never silent. Who comes back from rest
has their vote at once, in custody too.
"""

from collections.abc import Callable

from iriai.base.errors import Conflict, Invalid
from iriai.base.tx import Ground, Tx
from iriai.commons import queries as commons_queries
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action, Charter, Path
from iriai.commons.enactment.registry import Decision
from iriai.commons.membership import powers, queries, rules
from iriai.commons.membership.rules import State

CUSTODY = "custody"
"""By which word of its payload a granted office is the custody of a commons."""


def vote(charter: Charter) -> str | None:
    """By which decision of its charter a commons votes on custody; None where owners decide.

    That to which an objection against a granted office leads; where the charter lets somebody
    grant offices alone, that by which the charter itself is changed.
    """
    if not charter.is_collective:
        return None
    name = charter.actions[Action.SEAT_GRANT]
    terms = charter.procedure(Action.SEAT_GRANT)
    if terms is not None and terms.path is Path.LAZY:
        return terms.on_objection
    is_vote = terms is not None and terms.path is Path.VOTE
    return name if is_vote else charter.actions[Action.CHARTER_AMEND]


def ward(tx: Tx, commons_id: int, name: str) -> str:
    """The name of a child commons that nobody can decide for any more; anything else is refused."""
    child = commons_queries.commons(tx, name)
    charter = charters.in_force(tx, child.id)
    mine = charters.in_force(tx, commons_id).commons
    if not charter.is_collective:
        raise Invalid(f"Owners decide in {child.name}; it needs no custody.")
    if charter.parent is None and mine != commons_queries.HUB_NAME:
        raise Invalid(f"{child.name} has no parent; its custody is the hub's to take.")
    if charter.parent is not None and charter.parent.commons != mine:
        raise Invalid(f"The parent of {child.name} is {charter.parent.commons}.")
    if queries.electors(tx, child.id):
        raise Invalid(f"{child.name} has electors, who decide for themselves.")
    return child.name


def inside(ground: Ground, decision: Decision, work: Callable[[Tx], None]) -> None:
    """Do what was decided; of custody with the lock of the commons below, which comes first."""
    name = decision.payload.get(CUSTODY)
    with ground.write() as tx:
        if name is not None:
            commons_queries.lock(tx, commons_queries.commons(tx, name).id)
        work(tx)


def take(tx: Tx, decision: Decision, name: str) -> None:
    """Make the stewards of the parent members and stewards of a commons that has no elector."""
    ward(tx, decision.commons_id, name)
    child = commons_queries.commons(tx, name)
    charter = charters.in_force(tx, child.id)
    tx.record(
        child.id, decision.actor_name, "taken into custody", f"commons/{name}", **decision.cited
    )
    guardians = queries.stewards(tx, decision.commons_id)
    if not guardians:
        raise Conflict("There are no stewards here who could take it.")
    office = charter.roles.get(rules.STEWARD)
    for at, each in enumerate(guardians):
        row = queries.member(tx, child.id, each.holder_id)
        if row is not None and row.state is State.SUSPENDED:
            continue
        if row is not None and row.state is State.EMERITUS:
            powers.expel(tx, decision.actor_name, child.id, each.holder_id, cited=decision.cited)
        powers.admit(
            tx,
            decision.actor_name,
            child.id,
            each.holder_id,
            is_founder=True,
            cited=decision.cited,
        )
        if office is not None and (office.seats is None or at < office.seats):
            powers.seat(
                tx,
                decision.actor_name,
                child.id,
                rules.STEWARD,
                each.holder_id,
                cited=decision.cited,
            )
