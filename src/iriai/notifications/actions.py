"""What people do about what concerns them: read, mute, watch, and have it mailed.

What somebody reads and mutes is their own affair, so it leaves nothing in the log; that they
confirmed an address, or stopped mail, does.
"""

import secrets
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import delete, func, select, update

from iriai.base.errors import Conflict, Invalid
from iriai.base.events import HUB
from iriai.base.mail import Mail, is_set_up, send
from iriai.base.tx import Ground, Tx
from iriai.identity.rules import Act, Actor, Subject, require_may
from iriai.identity.tables import Account
from iriai.notifications import queries, rules
from iriai.notifications.rules import Digest, Level, Mailbox
from iriai.notifications.tables import MailboxRow, NotificationRow, SubscriptionRow
from iriai.repos.rules import Repo

DAY = timedelta(hours=24)
READ_MAX = 1_000


def mark_read(tx: Tx, actor: Actor, ids: Iterable[int], *, read: bool = True) -> int:
    """Mark some notifications of one's own as read, or as not read. Returns how many."""
    chosen = list(ids)[:READ_MAX]
    mine = _mine(actor)
    changed = update(NotificationRow).where(
        NotificationRow.person_id == mine, NotificationRow.id.in_(chosen)
    )
    return tx.connection.execute(changed.values(read_at=tx.now if read else None)).rowcount


def mark_all_read(tx: Tx, actor: Actor, *, until: int) -> int:
    """Mark everything up to a notification as read, so that nothing unseen is."""
    mine = _mine(actor)
    changed = update(NotificationRow).where(
        NotificationRow.person_id == mine,
        NotificationRow.id <= until,
        NotificationRow.read_at.is_(None),
    )
    return tx.connection.execute(changed.values(read_at=tx.now)).rowcount


def subscribe(tx: Tx, actor: Actor, repo: Repo, number: int | None, level: Level | None) -> None:
    """Watch or mute a repository or a discussion; None takes the choice back."""
    mine = _mine(actor)
    key = {"person_id": mine, "repo_id": repo.id, "number": number or 0}
    tx.connection.execute(
        delete(SubscriptionRow).where(
            *(getattr(SubscriptionRow, name) == value for name, value in key.items())
        )
    )
    if level is None:
        return
    count = select(func.count()).where(SubscriptionRow.person_id == mine)
    rules.require_room(tx.connection.execute(count).scalar_one())
    tx.connection.execute(
        tx.insert(SubscriptionRow).on_conflict_do_nothing(),
        {**key, "level": level, "since": tx.now},
    )


def choose_digest(tx: Tx, actor: Actor, digest: Digest) -> None:
    """Choose how often what is unread is mailed."""
    mine = _mine(actor)
    _settle(tx, mine, digest=digest)
    tx.record(HUB, actor.name, "changed", f"account/{actor.name}", fields=["digest"])


def ask_to_confirm(ground: Ground, actor: Actor) -> Mailbox:
    """Send a letter with a link by which somebody confirms that they read this address."""
    if not is_set_up(ground.settings):
        raise Invalid("This hub sends no mail: its operator has not set it up.")
    with ground.write() as tx:
        found = queries.mailbox(tx, _mine(actor))
        if found is None:
            raise Invalid("Write your e-mail address into your profile first.")
        if found.is_confirmed:
            raise Conflict("This address is confirmed already.")
        _count_letter(tx, found)
        until = int((tx.now + timedelta(days=rules.CONFIRM_DAYS)).timestamp())
        now = tx.now
    link = rules.sealed(ground.secret, "confirm", found.person_id, found.address, until)
    text = (
        f"Somebody, probably you, wants notifications of {ground.settings.url} to come here,\n"
        f"for the account {actor.name}. If it was you, open this address and confirm:\n\n"
        f"{ground.settings.url}/notifications/mail/confirm/{link}\n\n"
        f"It is good for {rules.CONFIRM_DAYS} days. If it was not you, do nothing.\n"
    )
    key = f"confirm-{secrets.token_hex(8)}"
    send(ground.settings, Mail(found.address, "Confirm your address", text, key), now)
    return found


def confirm(tx: Tx, token: str) -> str:
    """Confirm an address by the link that was sent to it. Returns the address."""
    found = _of_link(tx, "confirm", token)
    _settle(tx, found.person_id, address=found.address, confirmed_at=tx.now)
    name = _name(tx, found.person_id)
    tx.record(HUB, name, "confirmed the address of", f"account/{name}")
    return found.address


def stop_mail(tx: Tx, token: str) -> None:
    """Stop mail by the link that every digest carries; nobody need be signed in."""
    found = _of_link(tx, "stop", token)
    _settle(tx, found.person_id, digest=Digest.OFF)
    name = _name(tx, found.person_id)
    tx.record(HUB, name, "stopped mail to", f"account/{name}")


def require_link(tx: Tx, purpose: str, token: str) -> Mailbox:
    """The mailbox of a good link, for a page that asks before it acts."""
    return _of_link(tx, purpose, token)


def mailed(tx: Tx, person_id: int, ids: Iterable[int]) -> None:
    """Write down that these went out by mail: for the job that sent them."""
    tx.connection.execute(
        update(NotificationRow)
        .where(NotificationRow.person_id == person_id, NotificationRow.id.in_(list(ids)))
        .values(mailed_at=tx.now)
    )
    _settle(tx, person_id, mailed_at=tx.now)


def unconfirm(tx: Tx, person_id: int) -> None:
    """Nobody reads an address any more: send nothing there until it is confirmed again."""
    _settle(tx, person_id, confirmed_at=None)


def _mine(actor: Actor) -> int:
    mine = rules.require_own(actor)
    require_may(actor, Act.GOVERN, Subject(mine))
    return mine


def _of_link(tx: Tx, purpose: str, token: str) -> Mailbox:
    found = queries.mailbox(tx, rules.person_in(token))
    if found is None:
        raise rules.bad_link()
    rules.require_sealed(tx.ground.secret, purpose, token, address=found.address, now=tx.now)
    return found


def _count_letter(tx: Tx, found: Mailbox) -> None:
    row = tx.connection.execute(
        select(MailboxRow.asked_at, MailboxRow.asked_count)
        .where(MailboxRow.person_id == found.person_id)
        .with_for_update()
    ).one_or_none()
    today = row is not None and row.asked_at is not None and tx.now - row.asked_at < DAY
    asked = row.asked_count if row is not None and today else 0
    rules.require_few_mails(asked)
    began = row.asked_at if row is not None and today else tx.now
    _settle(tx, found.person_id, asked_at=began, asked_count=asked + 1)


def _settle(tx: Tx, person_id: int, **values: object) -> None:
    """Change a person's mailbox, making it where there is none."""
    fresh = {
        "person_id": person_id,
        "address": "",
        "digest": Digest.DAILY,
        "asked_count": 0,
    }
    tx.connection.execute(tx.insert(MailboxRow).on_conflict_do_nothing(), fresh)
    tx.connection.execute(
        update(MailboxRow).where(MailboxRow.person_id == person_id).values(values)
    )


def _name(tx: Tx, person_id: int) -> str:
    return tx.connection.execute(select(Account.name).where(Account.id == person_id)).scalar_one()
