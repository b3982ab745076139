"""What notifications leave to the worker: reading the log, digests by mail, forgetting."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete

from iriai.base import cursors, mail
from iriai.base.errors import Denied, Unavailable
from iriai.base.jobs import job
from iriai.base.mail import Mail, Undeliverable
from iriai.base.tx import Ground
from iriai.identity import queries as identity
from iriai.notifications import actions, noticing, queries, rules, wording
from iriai.notifications.queries import Noted
from iriai.notifications.rules import Mailbox
from iriai.notifications.tables import NotificationRow

log = logging.getLogger(__name__)

cursors.reader("notifications")(noticing.take)


@job("notifications.mail", every=timedelta(minutes=5))
def mail_digests(ground: Ground, _payload: Mapping[str, Any]) -> None:
    """Mail what is unread to those who want it and whose turn it is."""
    if not mail.is_set_up(ground.settings):
        return
    with ground.read() as tx:
        people = queries.mailed_people(tx)
    for person_id in people:
        _mail(ground, person_id)


@job("notifications.forget", every=timedelta(hours=24))
def forget(ground: Ground, _payload: Mapping[str, Any]) -> None:
    """Forget what is long ago."""
    with ground.write() as tx:
        old = NotificationRow.at < tx.now - timedelta(days=rules.KEPT_DAYS)
        tx.connection.execute(delete(NotificationRow).where(old))


def _mail(ground: Ground, person_id: int) -> None:
    with ground.read() as tx:
        mailbox = queries.mailbox(tx, person_id)
        if mailbox is None or not rules.is_due(mailbox, tx.now):
            return
        try:
            actor = identity.actor(tx, person_id)
        except Denied:
            return
        found, now = queries.unmailed(tx, actor), tx.now
    if not found:
        return
    try:
        mail.send(ground.settings, _letter(ground, mailbox, found), now)
    except Undeliverable as error:
        log.info("No mail goes to person %s any more: %s", person_id, error.message)
        with ground.write() as tx:
            actions.unconfirm(tx, person_id)
        return
    except Unavailable as trouble:
        log.warning("Mail waits: %s", trouble.message)
        raise
    with ground.write() as tx:
        actions.mailed(tx, person_id, [each.notification.id for each in found])


def _letter(ground: Ground, mailbox: Mailbox, found: Sequence[Noted]) -> Mail:
    """A digest. Sent twice, should we die before we write it down, it has the same Message-ID."""
    url = ground.settings.url
    stop = rules.sealed(ground.secret, "stop", mailbox.person_id, mailbox.address, 0)
    lines = []
    for each in found:
        lines += [wording.sentence(each), f"  {url}{wording.path(each)}", ""]
    stop_url = f"{url}/notifications/mail/stop/{stop}"
    lines += [f"All of it: {url}/notifications", f"No more mail like this: {stop_url}", ""]
    first = wording.sentence(found[0])
    more = len(found) - 1
    subject = first if not more else f"{first[:120]} (and {more} more)"
    key = f"digest-{mailbox.person_id}-{found[0].notification.id}-{found[-1].notification.id}"
    return Mail(mailbox.address, subject, "\n".join(lines), key, stop_url)
