"""Whose word is the last on a repository: whether it is listed, frozen, gated, and served.

Members decide it, an operator does it in need, and a case may: each can come, and end, while
another's stands. So what ends is not undone by what was there before it, but by what the others
say now; a case adds its own to that (`enactment.cases`).
"""

from datetime import datetime
from typing import Any

from iriai.base.tx import Tx
from iriai.commons.breakglass import queries as breakglass
from iriai.commons.breakglass.rules import Act, State
from iriai.commons.breakglass.tables import OperatorAct
from iriai.commons.cases import queries as cases
from iriai.commons.charter.rules import Action
from iriai.commons.proposals import queries as proposals

UNSAID = "A legal order."
"""Why the operator acted, where their reason is sealed."""

Word = tuple[datetime, Any]


def is_delisted(tx: Tx, commons_id: int, repo_id: int, *, otherwise: bool = False) -> bool:
    """Whether members, or an operator, leave it out of lists; `otherwise` where nobody said."""
    acts = _acts(tx, commons_id, Act.DELIST, repo_id)
    words: list[Word] = [(each.done_at, True) for each in acts]
    decided = _decided(tx, commons_id, Action.RESOURCE_DELIST, repo_id)
    words += [(when, bool(payload["delisted"])) for when, payload in decided]
    return bool(_last(words, otherwise))


def frozen(tx: Tx, commons_id: int, repo_id: int, *, otherwise: str | None = None) -> str | None:
    """Why members, or an operator, let nobody change it; `otherwise` where nobody said."""
    acts = _acts(tx, commons_id, Act.FREEZE, repo_id)
    words: list[Word] = [(each.done_at, each.undo.get("said", UNSAID)) for each in acts]
    decided = _decided(tx, commons_id, Action.RESOURCE_FREEZE, repo_id)
    words += [(when, payload["reason"] or None) for when, payload in decided]
    found = _last(words, otherwise)
    return None if found is None else str(found)


def held(tx: Tx, commons_id: int, repo_id: int) -> tuple[str, datetime | None] | None:
    """Why, and until when, an operator serves nothing of it; without end once it is ratified."""
    acts = _acts(tx, commons_id, Act.HOLD, repo_id)
    if not acts:
        return None
    last = acts[-1]
    until = None if last.state == State.RATIFIED else last.lapses_at
    return str(last.undo.get("said", UNSAID)), until


def gate_decided(tx: Tx, repo_id: int, gated: str | None) -> None:
    """Members decided about a gate: what a case put there goes back to that when it ends."""
    ours = cases.gating(tx, repo_id)
    if ours is not None and ours.was_gated is not None:
        ours.was_gated = gated or ""


def has_spoken(tx: Tx, commons_id: int, act: Act, repo_id: int) -> bool:
    """Whether anybody's word explains how a repository is: members', or an operator's."""
    action = Action.RESOURCE_DELIST if act is Act.DELIST else Action.RESOURCE_FREEZE
    acts = _acts(tx, commons_id, act, repo_id)
    return bool(acts or _decided(tx, commons_id, action, repo_id))


def _acts(tx: Tx, commons_id: int, act: Act, repo_id: int) -> list[OperatorAct]:
    tx.flush()
    return [
        each
        for each in reversed(breakglass.acts(tx, commons_id))
        if each.act == act
        and each.undo.get("repo") == repo_id
        and each.state in (State.STANDING, State.RATIFIED)
    ]


def _decided(tx: Tx, commons_id: int, action: Action, repo_id: int) -> list[Word]:
    tx.flush()
    found: list[Word] = []
    for each in reversed(proposals.enacted(tx, commons_id, action)):
        payload = each.options[each.chosen or 0].payload or {}
        if payload.get("repo_id") == repo_id and each.enacted_at is not None:
            found.append((each.enacted_at, payload))
    return found


def _last(words: list[Word], otherwise: Any) -> Any:
    """What was said last; of what was said in one moment, the members' word, which stands later."""
    if not words:
        return otherwise
    newest = max(when for when, _ in words)
    return next(what for when, what in reversed(words) if when == newest)
