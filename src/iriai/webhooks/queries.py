"""What can be seen of webhooks: by their owner, and of an organisation by its administrators."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from iriai.base.tx import Tx
from iriai.identity.rules import Actor
from iriai.identity.tables import Account
from iriai.webhooks import rules
from iriai.webhooks.rules import Delivery, Domain, State, Watched, Webhook
from iriai.webhooks.tables import DeliveryRow, WatchRow, WebhookRow

_COLUMNS: tuple[Any, ...] = (
    WebhookRow.id,
    WebhookRow.key,
    WebhookRow.owner_id,
    Account.name.label("owner"),
    WebhookRow.url,
    WebhookRow.secret,
    WebhookRow.domains,
    WebhookRow.created_at,
    WebhookRow.disabled_at,
    WebhookRow.disabled_reason,
    WebhookRow.failures,
    WebhookRow.next_at,
    WebhookRow.capped_at,
)
_DELIVERY: tuple[Any, ...] = (
    DeliveryRow.id,
    DeliveryRow.key,
    DeliveryRow.webhook_id,
    DeliveryRow.action,
    DeliveryRow.scope,
    DeliveryRow.payload,
    DeliveryRow.state,
    DeliveryRow.attempts,
    DeliveryRow.made_at,
    DeliveryRow.tried_at,
    DeliveryRow.status,
    DeliveryRow.answer,
    DeliveryRow.error,
    DeliveryRow.seconds,
)


def webhooks_of(tx: Tx, viewer: Actor, owner_id: int) -> list[Webhook]:
    """The webhooks of an account, the oldest first."""
    rules.require_may_see(viewer, owner_id)
    asked = _webhooks().where(WebhookRow.owner_id == owner_id).order_by(WebhookRow.id)
    return _read(tx, asked.limit(rules.WEBHOOKS_MAX))


def webhook(tx: Tx, viewer: Actor, owner_id: int, key: str) -> Webhook:
    """One webhook of an account, by the id that clients know."""
    rules.require_may_see(viewer, owner_id)
    asked = _webhooks().where(WebhookRow.owner_id == owner_id, WebhookRow.key == key)
    found = _read(tx, asked)
    if not found:
        raise rules.unknown_webhook()
    return found[0]


def webhooks_by_id(tx: Tx, ids: Iterable[int]) -> list[Webhook]:
    """Webhooks by their numbers: for jobs, never for doors."""
    return _read(tx, _webhooks().where(WebhookRow.id.in_(sorted(ids))).order_by(WebhookRow.id))


def deliveries(tx: Tx, hook: Webhook) -> Sequence[Delivery]:
    """What a webhook was told last, the newest first."""
    asked = (
        select(*_DELIVERY)
        .where(DeliveryRow.webhook_id == hook.id)
        .order_by(DeliveryRow.id.desc())
        .limit(rules.SHOWN_MAX)
    )
    return [as_delivery(row) for row in tx.connection.execute(asked)]


def delivery(tx: Tx, hook: Webhook, key: str) -> Delivery:
    """One thing that a webhook was told."""
    asked = select(*_DELIVERY).where(DeliveryRow.webhook_id == hook.id, DeliveryRow.key == key)
    row = tx.connection.execute(asked).one_or_none()
    if row is None:
        raise rules.unknown_delivery()
    return as_delivery(row)


def waiting_count(tx: Tx, hook: Webhook) -> int:
    """How many deliveries have still to go out."""
    asked = select(func.count()).where(
        DeliveryRow.webhook_id == hook.id, DeliveryRow.state == State.WAITING
    )
    return int(tx.connection.execute(asked).scalar_one())


def told_since(tx: Tx, webhook_id: int, since: datetime) -> int:
    """How many events were set down for a webhook after `since`."""
    asked = select(func.count()).where(
        DeliveryRow.webhook_id == webhook_id, DeliveryRow.made_at > since
    )
    return int(tx.connection.execute(asked).scalar_one())


def as_delivery(row: Row[Any]) -> Delivery:
    """A delivery, from a row of `DELIVERY`."""
    return Delivery(**{**row._mapping, "state": State(row.state)})  # noqa: SLF001 - its API


def _webhooks() -> Select[Any]:
    return select(*_COLUMNS).join(Account, Account.id == WebhookRow.owner_id)


def _read(tx: Tx, asked: Select[Any]) -> list[Webhook]:
    rows = tx.connection.execute(asked).all()
    watched: dict[int, list[Watched]] = {row.id: [] for row in rows}
    if rows:
        places = (
            select(WatchRow.webhook_id, WatchRow.kind, WatchRow.name)
            .where(WatchRow.webhook_id.in_(watched))
            .order_by(WatchRow.webhook_id, WatchRow.place)
        )
        for each in tx.connection.execute(places):
            watched[each.webhook_id].append(Watched(each.kind, each.name))
    return [
        Webhook(
            **{
                **row._mapping,  # noqa: SLF001 - its API
                "domains": tuple(Domain(each) for each in row.domains),
                "watched": tuple(watched[row.id]),
            }
        )
        for row in rows
    ]
