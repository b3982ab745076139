"""Letters to who asked for a removal and said where to reach them: what came of it, and what next.

They go to an address that nobody has confirmed, so they hold nothing that was written in the
request, and one address gets few. The link in them holds the code by which it is followed.
"""

import hmac
import logging
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from sqlalchemy import func, select

from iriai.base import mail
from iriai.base.mail import Mail, Undeliverable
from iriai.base.tx import Ground, Tx
from iriai.commons.charter import queries as charters
from iriai.commons.removal import queries, rules
from iriai.commons.removal.rules import State
from iriai.commons.removal.tables import RemovalRow

LETTER = "removals.letter"
CODE_BYTES = 16
HAPPENED = {
    "received": "has arrived",
    "acknowledged": "was read by a steward, and the files are not served from now on",
    "refused": "was refused, with a reason that stands on its page",
    "fulfilled": "was fulfilled: what it names is gone from every revision",
    "appealed": "was appealed",
    "upheld": "was looked at again by a panel, which kept the refusal",
}

log = logging.getLogger(__name__)


def code(ground: Ground, found: RemovalRow) -> str:
    """The code of a request: made from the hub's secret, so that each letter can hold it."""
    said = f"removal:{found.commons_id}:{found.number}:{found.received_at.isoformat()}"
    made = hmac.digest(ground.secret, said.encode(), "sha256")[:CODE_BYTES]
    return urlsafe_b64encode(made).decode().rstrip("=")


def announce(tx: Tx, found: RemovalRow, verb: str) -> None:
    """Have whoever asked told, where they left an address and the hub sends mail."""
    if rules.is_address(found.contact) and verb in HAPPENED:
        payload = {"removal": found.id, "verb": verb}
        tx.enqueue(LETTER, payload, key=f"removal:{found.id}:{verb}")


def send(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Send one letter. Sent twice, should we die before that is written down, it is known to be."""
    if not mail.is_set_up(ground.settings):
        return
    with ground.read() as tx:
        found = queries.by_id(tx, int(payload["removal"]))
        if _is_flooded(tx, found):
            return
        letter, now = _letter(tx, found, str(payload["verb"])), tx.now
    try:
        mail.send(ground.settings, letter, now)
    except Undeliverable as error:
        log.info("Who asked for removal %s cannot be reached: %s", found.id, error.message)


def _letter(tx: Tx, found: RemovalRow, verb: str) -> Mail:
    name = charters.name_of(tx, found.commons_id)
    here = f"{tx.ground.settings.url}/commons/{quote(name)}/removals/{found.number}"
    own = code(tx.ground, found)
    link = f"{here}?code={own}" if queries.has_code(found, own) else here
    dates = (found.acknowledge_by, found.decide_by)
    text = (
        f"Your request {found.number} to {name}, to have data removed, {HAPPENED[verb]}.\n\n"
        f"What happens next: {rules.next_step(State(found.state), dates, found.appeal_until)}\n\n"
        f"Follow it, and object, here. Whoever has this address can do so in your name:\n\n"
        f"  {link}\n\n"
        "If you asked for nothing, somebody wrote your address by mistake: do nothing.\n"
    )
    subject = f"Request {found.number} to {name}: {HAPPENED[verb].partition(',')[0]}"
    return Mail(found.contact, subject, text, f"removal-{found.id}-{verb}")


def _is_flooded(tx: Tx, found: RemovalRow) -> bool:
    """Whether this address was given so often that it may not be who asks."""
    asked = select(func.count()).where(
        RemovalRow.contact == found.contact,
        RemovalRow.id < found.id,
        RemovalRow.received_at > found.received_at - timedelta(days=1),
    )
    return int(tx.connection.execute(asked).scalar_one()) >= rules.LETTERS_A_DAY
