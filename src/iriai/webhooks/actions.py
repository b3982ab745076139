"""What is done to webhooks. Each action changes one of them and records one event.

The log says that a webhook was made and by whom; where it leads and what it watches concerns its
owner alone and stands in the private half.
"""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete as delete_from
from sqlalchemy import func, insert, select, update

from iriai.base import outbound
from iriai.base.errors import Conflict
from iriai.base.tx import Tx
from iriai.commons import queries as commons
from iriai.identity.rules import Actor
from iriai.webhooks import queries, rules
from iriai.webhooks.rules import State, Watched, Webhook
from iriai.webhooks.tables import DeliveryRow, WatchRow, WebhookRow

KEY_BYTES = 12


def create(
    tx: Tx,
    actor: Actor,
    owner_id: int,
    *,
    url: str,
    watched: Iterable[tuple[str, str]],
    domains: Iterable[str] = tuple(rules.Domain),
    secret: str = "",
) -> Webhook:
    """Make a webhook; it is told of what happens from now on."""
    rules.require_may_change(actor, owner_id)
    count = select(func.count()).where(WebhookRow.owner_id == owner_id)
    rules.require_room(tx.connection.execute(count).scalar_one())
    key = secrets.token_hex(KEY_BYTES)
    row = {
        "key": key,
        "owner_id": owner_id,
        "url": rules.clean_url(url, _allow(tx)),
        "secret": rules.clean_secret(secret),
        "domains": list(rules.clean_domains(domains)),
        "created_at": tx.now,
        "updated_at": tx.now,
        "disabled_reason": "",
        "failures": 0,
    }
    things = rules.clean_watched(watched)
    made = insert(WebhookRow).values(row).returning(WebhookRow.id)
    _watch(tx, tx.connection.execute(made).scalar_one(), things)
    _record(tx, actor, (owner_id, key), "created", {"url": row["url"]})
    return queries.webhook(tx, actor, owner_id, key)


def change(
    tx: Tx,
    actor: Actor,
    hook: Webhook,
    *,
    url: str | None = None,
    watched: Sequence[tuple[str, str]] | None = None,
    domains: Iterable[str] | None = None,
    secret: str | None = None,
) -> Webhook:
    """Change what is given; None leaves a thing as it is."""
    rules.require_may_change(actor, hook.owner_id)
    changed: dict[str, Any] = {}
    if url is not None:
        changed["url"] = rules.clean_url(url, _allow(tx))
    if domains is not None:
        changed["domains"] = list(rules.clean_domains(domains))
    if secret is not None:
        changed["secret"] = rules.clean_secret(secret)
    if watched is not None:
        things = rules.clean_watched(watched)
        tx.connection.execute(delete_from(WatchRow).where(WatchRow.webhook_id == hook.id))
        _watch(tx, hook.id, things)
    _update(tx, hook, updated_at=tx.now, **changed)
    fields = sorted({*changed, *(["watched"] if watched is not None else [])})
    _record(tx, actor, (hook.owner_id, hook.key), "changed", {"fields": fields})
    return queries.webhook(tx, actor, hook.owner_id, hook.key)


def enable(tx: Tx, actor: Actor, hook: Webhook) -> Webhook:
    """Let it be told again, from now on; what still waits goes out first."""
    rules.require_may_change(actor, hook.owner_id)
    if hook.is_disabled:
        _update(tx, hook, disabled_at=None, disabled_reason="", next_at=tx.now)
        _record(tx, actor, (hook.owner_id, hook.key), "enabled")
    return queries.webhook(tx, actor, hook.owner_id, hook.key)


def disable(tx: Tx, actor: Actor, hook: Webhook) -> Webhook:
    """Tell it nothing until it is enabled; what happens meanwhile it will not hear of."""
    rules.require_may_change(actor, hook.owner_id)
    if not hook.is_disabled:
        _update(tx, hook, disabled_at=tx.now, disabled_reason="", next_at=None)
        _record(tx, actor, (hook.owner_id, hook.key), "disabled")
    return queries.webhook(tx, actor, hook.owner_id, hook.key)


def delete(tx: Tx, actor: Actor, hook: Webhook) -> None:
    """Delete a webhook with all that it was told."""
    rules.require_may_change(actor, hook.owner_id)
    tx.connection.execute(select(WebhookRow.id).where(WebhookRow.id == hook.id).with_for_update())
    for table, column in (
        (DeliveryRow, DeliveryRow.webhook_id),
        (WatchRow, WatchRow.webhook_id),
        (WebhookRow, WebhookRow.id),
    ):
        tx.connection.execute(delete_from(table).where(column == hook.id))
    _record(tx, actor, (hook.owner_id, hook.key), "deleted")


def resend(tx: Tx, actor: Actor, hook: Webhook, key: str) -> None:
    """Send one delivery again, under the id it had."""
    rules.require_may_change(actor, hook.owner_id)
    if hook.is_disabled:
        raise Conflict("This webhook is disabled; enable it first.")
    found = queries.delivery(tx, hook, key)
    if found.state is State.WAITING:
        raise Conflict("This delivery has not gone out yet; it is tried by itself.")
    tx.connection.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == found.id)
        .values(state=State.WAITING, attempts=0, queued_at=tx.now)
    )
    _update(tx, hook, next_at=tx.now)
    _record(tx, actor, (hook.owner_id, hook.key), "resent a delivery of")


def _watch(tx: Tx, webhook_id: int, watched: Sequence[Watched]) -> None:
    rows = [
        {
            "webhook_id": webhook_id,
            "place": place,
            "kind": each.kind,
            "name": each.name,
            "name_key": rules.watched_key(each),
        }
        for place, each in enumerate(watched)
    ]
    tx.connection.execute(insert(WatchRow), rows)


def _update(tx: Tx, hook: Webhook, **values: Any) -> None:
    changed = update(WebhookRow).where(WebhookRow.id == hook.id).values(values)
    if tx.connection.execute(changed).rowcount != 1:
        raise rules.unknown_webhook()


def _record(
    tx: Tx, actor: Actor, hook: tuple[int, str], verb: str, private: dict[str, Any] | None = None
) -> None:
    owner_id, key = hook
    tx.record(commons.of(tx, owner_id), actor.name, verb, f"webhook/{key}", private=private)


def _allow(tx: Tx) -> tuple[outbound.Network, ...]:
    return outbound.networks(tx.ground.settings.outbound_allow)
