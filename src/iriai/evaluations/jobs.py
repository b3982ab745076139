"""Results follow the log: a repository that changed is read anew by the worker."""

from collections.abc import Mapping, Sequence
from typing import Any

from iriai.base.cursors import Entry, reader
from iriai.base.errors import Gone, Unknown
from iriai.base.jobs import job
from iriai.base.tx import Ground, Tx
from iriai.evaluations import actions
from iriai.repos import past
from iriai.repos.rules import Kind
from iriai.repos.subjects import place

CHANGES = frozenset(
    {"committed", "pushed", "merged", "opened", "closed", "duplicated", "squashed", "proposed"}
)


@reader("evaluations")
def follow(tx: Tx, entries: Sequence[Entry]) -> None:
    """Ask for a reading of each model and dataset that these entries changed."""
    for entry in entries:
        named = place(entry.subject) if entry.verb in CHANGES else None
        repo = past.repo_at(tx, named) if named is not None else None
        if repo is not None and repo.kind is not Kind.SPACE:
            tx.enqueue("evaluations.refresh", {"repo_id": repo.id}, key=f"evaluations:{repo.id}")


@job("evaluations.refresh")
def refresh(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Read one repository; one that is no more has nothing to say."""
    try:
        actions.refresh(ground, int(payload["repo_id"]))
    except (Unknown, Gone):
        return
