"""How far a token must reach for what somebody does and reads by what they are in a commons.

It is that commons' word which is given in an office or on a panel, and what is read by it is that
commons', as a vote is: so a fine-grained token must name the commons, and not its owner's account.
"""

from iriai.base.tx import Tx
from iriai.commons.membership import queries
from iriai.identity.rules import (
    ANYONE,
    Act,
    Actor,
    Subject,
    require_reach,
    require_signed_in,
)


def require_office_reach(tx: Tx, actor: Actor, commons_id: int) -> int:
    """The actor's id, where the way they came in lets them decide in that commons."""
    mine = require_signed_in(actor)
    require_reach(actor, Act.DECIDE, _commons(tx, commons_id))
    return mine


def require_reading(tx: Tx, actor: Actor, commons_id: int) -> int:
    """The actor's id, where the way they came in lets them read what is that commons'."""
    mine = require_signed_in(actor)
    require_reach(actor, Act.READ, _commons(tx, commons_id))
    return mine


def as_in_office(tx: Tx, viewer: Actor, commons_id: int) -> Actor:
    """Whoever looks; with a token that does not read what is that commons', nobody."""
    if viewer.id is None or viewer.scope.allows(Act.READ, _commons(tx, commons_id)):
        return viewer
    return ANYONE


def _commons(tx: Tx, commons_id: int) -> Subject:
    return Subject(queries.organisation_id(tx, commons_id) or 0, is_public=True)
