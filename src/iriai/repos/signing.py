"""Under what name somebody's commits stand."""

from urllib.parse import urlsplit

from iriai.base.tx import Ground
from iriai.identity.rules import Actor
from iriai.repos.git.entries import Signature
from iriai.repos.git.formats import signature


def signature_of(ground: Ground, actor: Actor) -> Signature:
    """The actor as author, now. The address is no mailbox: it only tells whose account it was."""
    host = urlsplit(ground.settings.url).hostname or "localhost"
    return signature(actor.name, f"{actor.name}@users.noreply.{host}", ground.clock())
