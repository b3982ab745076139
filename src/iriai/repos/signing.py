"""Under what name somebody's commits stand."""

import re
from collections.abc import Iterable
from itertools import islice
from urllib.parse import urlsplit

from iriai.base.tx import Ground
from iriai.identity.rules import Actor
from iriai.repos.git.entries import Signature
from iriai.repos.git.formats import signature

CREDITED_MAX = 20
_CREDIT = re.compile(r"^Co-authored-by: ([^<>\n]{1,100})<[^<>\n]{0,200}>$", re.MULTILINE)


def signature_of(ground: Ground, actor: Actor) -> Signature:
    """The actor as author, now. The address is no mailbox: it only tells whose account it was."""
    return signature(actor.name, _address(ground, actor.name), ground.clock())


def credit(ground: Ground, names: Iterable[str]) -> str:
    """The end of a message that names who wrote the commit besides its author, as git hosts do."""
    lines = (f"Co-authored-by: {name} <{_address(ground, name)}>" for name in names)
    return "\n".join(islice(lines, CREDITED_MAX))


def credited(description: str) -> list[str]:
    """Whom a commit's message names as having written it too."""
    found = _CREDIT.finditer(description)
    return list(dict.fromkeys(each[1].strip() for each in islice(found, CREDITED_MAX)))


def _address(ground: Ground, name: str) -> str:
    host = urlsplit(ground.settings.url).hostname or "localhost"
    return f"{name}@users.noreply.{host}"
