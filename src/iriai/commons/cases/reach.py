"""Who may speak in cases at all. Pure.

Whoever is signed in: a restriction takes much, but never the word in one's own case. A token must
reach as far as one that comments. Acting in an office, or on a panel: see `membership.reach`.
"""

from iriai.identity import rules
from iriai.identity.rules import ANYONE, Act, Actor, Subject, require_signed_in


def require_reach(actor: Actor) -> int:
    """The actor's id, where the way they came in lets them speak for themselves."""
    mine = require_signed_in(actor)
    rules.require_reach(actor, Act.DISCUSS, Subject(mine, is_public=True))
    return mine


def as_seen(viewer: Actor) -> Actor:
    """Whoever looks; with a token that does not read all that is theirs, nobody in particular."""
    if viewer.id is None or viewer.scope.allows(Act.READ, Subject(viewer.id)):
        return viewer
    return ANYONE
