"""The queue of each webhook: whoever holds a webhook's lease sends its oldest delivery first.

One transaction writes down what came of a try, picks what is next, and prolongs the lease. Should
the sender die in between, the lease lapses and another sends the same delivery again, under the
same id: at least once, in order.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update

from iriai.base.tx import Ground, Tx
from iriai.repos import past
from iriai.webhooks import rules, telling
from iriai.webhooks.rules import Domain, State
from iriai.webhooks.tables import DeliveryRow, WebhookRow

LEASE = timedelta(seconds=20)
CANDIDATES_MAX = 200
WITHHELD_MAX = 100


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be sent now."""

    webhook_id: int
    delivery_id: int
    key: str
    url: str
    secret: str | None
    payload: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try: a status, or an error in words. `chance` spreads the next one."""

    delivery_id: int
    status: int | None
    answer: str
    error: str
    seconds: float
    chance: float


def claim(
    ground: Ground, worker: str, *, quick: int, slow: int, known_slow: Collection[int] = ()
) -> dict[int, bool]:
    """Take the lease of webhooks that something is due for; says of each whether it is slow.

    At most `quick` in all, of which at most `slow` fail or are slow: these never hold up others.
    """
    with ground.read() as tx:
        if tx.connection.execute(_due(tx).limit(1)).first() is None:
            return {}
    taken: dict[int, bool] = {}
    with ground.write() as tx:
        rows = tx.connection.execute(
            _due(tx).limit(CANDIDATES_MAX).with_for_update(skip_locked=True)
        )
        for row in rows.all():
            is_slow = row.failures > 0 or row.id in known_slow
            if len(taken) >= quick or (is_slow and sum(taken.values()) >= slow):
                continue
            taken[row.id] = is_slow
        if taken:
            _change(tx, *taken, claimed_by=worker, claimed_until=tx.now + LEASE)
    return taken


def advance(ground: Ground, webhook_id: int, worker: str, outcome: Outcome | None) -> Due | None:
    """Write down what came of a try, and say what to send next; None ends the lease."""
    with ground.write() as tx:
        hook = tx.connection.execute(
            select(WebhookRow).where(WebhookRow.id == webhook_id).with_for_update()
        ).one_or_none()
        if hook is None or hook.claimed_by != worker:
            return None  # deleted, or another has taken over
        waits = False
        if outcome is not None:
            waits = _settle(tx, hook, outcome)
        due = None if waits or hook.disabled_at is not None else _next(tx, hook)
        if due is None:
            _change(tx, webhook_id, claimed_by=None, claimed_until=None)
        else:
            _change(tx, webhook_id, claimed_until=tx.now + LEASE)
        return due


def release(ground: Ground, webhook_id: int, worker: str) -> None:
    """Give a lease back with work left, so that others have their turn."""
    with ground.write() as tx:
        tx.connection.execute(
            update(WebhookRow)
            .where(WebhookRow.id == webhook_id, WebhookRow.claimed_by == worker)
            .values(claimed_by=None, claimed_until=None)
        )


def _due(tx: Tx) -> Any:
    free = or_(WebhookRow.claimed_until.is_(None), WebhookRow.claimed_until < tx.now)
    return (
        select(WebhookRow.id, WebhookRow.failures)
        .where(WebhookRow.next_at <= tx.now, WebhookRow.disabled_at.is_(None), free)
        .order_by(WebhookRow.next_at, WebhookRow.id)
    )


def _settle(tx: Tx, hook: Any, outcome: Outcome) -> bool:
    """Keep what came of a try; whether the webhook has to wait before the next."""
    row = tx.connection.execute(
        select(DeliveryRow.attempts, DeliveryRow.queued_at).where(
            DeliveryRow.id == outcome.delivery_id, DeliveryRow.state == State.WAITING
        )
    ).one_or_none()
    if row is None:
        return False
    attempts = row.attempts + 1
    again = tx.now + rules.pause(attempts, outcome.chance)
    state, waits = State.WAITING, False
    if outcome.status is not None and rules.is_delivered(outcome.status):
        state = State.DELIVERED
        _change(tx, hook.id, failures=0)
    elif outcome.status == rules.GONE:
        state, waits = State.DEAD, True
        reason = "The receiver answered 410: it does not want to be told any more."
        _change(tx, hook.id, disabled_at=tx.now, disabled_reason=reason, next_at=None)
    elif rules.is_given_up(row.queued_at, again):
        state = State.DEAD
        _change(tx, hook.id, failures=hook.failures + 1)
    else:
        waits = True
        _change(tx, hook.id, failures=hook.failures + 1, next_at=again)
    tx.connection.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == outcome.delivery_id)
        .values(
            state=state,
            attempts=attempts,
            tried_at=tx.now,
            status=outcome.status,
            answer=outcome.answer,
            error=outcome.error,
            seconds=outcome.seconds,
        )
    )
    return waits


def _next(tx: Tx, hook: Any) -> Due | None:
    """The oldest delivery that waits and may still be sent to this owner."""
    for _ in range(WITHHELD_MAX):
        row = tx.connection.execute(
            select(
                DeliveryRow.id,
                DeliveryRow.key,
                DeliveryRow.payload,
                DeliveryRow.repo_id,
                DeliveryRow.scope,
            )
            .where(DeliveryRow.webhook_id == hook.id, DeliveryRow.state == State.WAITING)
            .order_by(DeliveryRow.id)
            .limit(1)
        ).one_or_none()
        if row is None:
            _change(tx, hook.id, next_at=None)
            return None
        repo = past.repo(tx, row.repo_id)
        domain = Domain(row.scope.partition(".")[0])
        if repo is not None and telling.may_know(tx, hook.owner_id, repo, domain):
            return Due(hook.id, row.id, row.key, hook.url, hook.secret, row.payload)
        tx.connection.execute(
            update(DeliveryRow)
            .where(DeliveryRow.id == row.id)
            .values(state=State.WITHHELD, tried_at=tx.now, payload="{}")
        )
    return None


def _change(tx: Tx, *webhook_ids: int, **values: Any) -> None:
    tx.connection.execute(update(WebhookRow).where(WebhookRow.id.in_(webhook_ids)).values(values))
