"""Cards read anew by the worker, should the process that moved main not have come to it."""

from collections.abc import Mapping
from typing import Any

from iriai.base.errors import Gone, Unknown
from iriai.base.jobs import job
from iriai.base.tx import Ground
from iriai.cards import actions


@job("cards.refresh")
def refresh(ground: Ground, payload: Mapping[str, Any]) -> None:
    """Read one card; a repository that is no more has none."""
    try:
        actions.refresh(ground, int(payload["repo_id"]))
    except (Unknown, Gone):
        return
