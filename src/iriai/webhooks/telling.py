"""From the log to deliveries: which webhooks want to know of an entry, and may.

This runs in the transaction that moves the reader's place in the log, so a delivery is set down
exactly once. Whether a webhook's owner may know is judged now, and once more when it is sent.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, or_, select, tuple_, update

from iriai.base.cursors import Entry
from iriai.base.errors import Denied, Unknown
from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.discussions import queries as discussions
from iriai.discussions.rules import Discussion, Event
from iriai.identity import queries as identity
from iriai.identity.tables import AccountName
from iriai.repos import past
from iriai.repos import queries as repos
from iriai.repos import rules as repo_rules
from iriai.repos.rules import Repo
from iriai.repos.tables import RepoName
from iriai.webhooks import payload, queries, rules
from iriai.webhooks.rules import Domain, Happening, State, Webhook
from iriai.webhooks.tables import DeliveryRow, WatchRow, WebhookRow

KEY_BYTES = 16
NAMES_MAX = 200


def take(tx: Tx, entries: Sequence[Entry]) -> None:
    """Set down what webhooks are to be told of these entries."""
    anybody = select(WebhookRow.id).where(WebhookRow.disabled_at.is_(None)).limit(1)
    if tx.connection.execute(anybody).first() is None:
        return
    for entry in entries:
        happening = rules.happening(entry.verb, entry.subject)
        if happening is not None:
            _tell(tx, entry, happening)


def may_know(tx: Tx, owner_id: int, repo: Repo, domain: Domain) -> bool:
    """Whether an account may know of a repository, or of what is said there, at this moment."""
    try:
        actor = identity.actor(tx, owner_id)
        if domain is Domain.REPO:
            repo_rules.require_see(actor, repo)
        else:
            repo_rules.require_read(actor, repos.by_id(tx, repo.id, actor))
    except (Unknown, Denied):
        return False
    return True


def _tell(tx: Tx, entry: Entry, happening: Happening) -> None:
    repo = past.repo_at(tx, happening.place)
    if repo is None:
        return
    facts = {**entry.private, **entry.facts}
    hooks = [
        hook
        for hook in _watching(tx, repo, facts)
        if happening.domain in hook.domains
        and not hook.is_disabled
        and hook.created_at <= entry.at
        and may_know(tx, hook.owner_id, repo, happening.domain)
    ]
    if not hooks:
        return
    try:
        discussion, comment = _said(tx, repo, happening, facts)
    except Unknown:
        return
    url = tx.ground.settings.url
    told = payload.told(url, happening, entry.verb, facts, repo, discussion, comment)
    for hook in hooks:
        _set_down(tx, entry, happening, repo, hook, payload.body(told, hook.key))


def _said(
    tx: Tx, repo: Repo, happening: Happening, facts: dict[str, Any]
) -> tuple[Discussion | None, Event | None]:
    """The discussion that an entry is about, and the comment."""
    number = happening.place.discussion
    if number is None:
        return None, None
    found = discussions.discussion(tx, repo, number)
    key = happening.place.comment or facts.get("comment")
    return found, discussions.event(tx, found.id, key) if isinstance(key, str) else None


def _watching(tx: Tx, repo: Repo, facts: dict[str, Any]) -> list[Webhook]:
    """The webhooks that watch a repository or whose it is, by any name they ever had."""
    owners, names = _names(tx, repo)
    if isinstance(earlier := facts.get("earlier"), str):
        owners.add(fold(earlier.removeprefix(repo.kind.prefix).partition("/")[0]))
    asked = select(WatchRow.webhook_id).where(
        or_(
            tuple_(WatchRow.kind, WatchRow.name_key).in_(
                [(kind, name) for kind in rules.ACCOUNT_KINDS for name in owners]
            ),
            tuple_(WatchRow.kind, WatchRow.name_key).in_(
                [(repo.kind.value, name) for name in names]
            ),
        )
    )
    found = set(tx.connection.execute(asked).scalars())
    return queries.webhooks_by_id(tx, found) if found else []


def _names(tx: Tx, repo: Repo) -> tuple[set[str], set[str]]:
    """Every name that the owner of a repository has or had, and every one of the repository's."""
    owners = select(AccountName.name_key).where(AccountName.account_id == repo.owner_id)
    full = (
        select(AccountName.name_key, RepoName.key)
        .join(RepoName, RepoName.owner_id == AccountName.account_id)
        .where(RepoName.repo_id == repo.id)
        .limit(NAMES_MAX)
    )
    return (
        set(tx.connection.execute(owners.limit(NAMES_MAX)).scalars()),
        {f"{owner}/{name}" for owner, name in tx.connection.execute(full)},
    )


def _set_down(  # noqa: PLR0917 - what, where, to whom
    tx: Tx, entry: Entry, happening: Happening, repo: Repo, hook: Webhook, body: str
) -> None:
    """Put a delivery at the end of a webhook's queue, unless it was told enough for a day."""
    lock = select(WebhookRow.id).where(WebhookRow.id == hook.id).with_for_update()
    if tx.connection.execute(lock).first() is None:
        return  # deleted a moment ago
    if queries.told_since(tx, hook.id, tx.now - rules.DAY) >= rules.DELIVERIES_PER_DAY_MAX:
        _update(tx, hook.id, capped_at=tx.now)
        return
    row = {
        "key": f"msg_{secrets.token_hex(KEY_BYTES)}",
        "webhook_id": hook.id,
        "commons_id": entry.commons_id,
        "position": entry.position,
        "repo_id": repo.id,
        "action": happening.action,
        "scope": happening.scope,
        "payload": body,
        "state": State.WAITING,
        "attempts": 0,
        "made_at": tx.now,
        "queued_at": tx.now,
        "answer": "",
        "error": "",
    }
    tx.connection.execute(insert(DeliveryRow), row)
    tx.connection.execute(
        update(WebhookRow)
        .where(WebhookRow.id == hook.id, WebhookRow.next_at.is_(None))
        .values(next_at=tx.now)
    )


def _update(tx: Tx, webhook_id: int, **values: Any) -> None:
    tx.connection.execute(update(WebhookRow).where(WebhookRow.id == webhook_id).values(values))
