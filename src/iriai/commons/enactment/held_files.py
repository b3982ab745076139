"""Who keeps a file from being served: requests for removal, and stewards' holds.

Several can at once. So what ends does not serve the file again while another still asks for it:
each step looks at all of them, and doing it twice changes nothing.
"""

from datetime import datetime

from sqlalchemy import select

from iriai.base.tx import Tx
from iriai.commons.cases import queries as cases
from iriai.commons.cases.rules import Concern
from iriai.commons.cases.tables import HoldRow
from iriai.commons.charter import queries as charters
from iriai.commons.removal.rules import State
from iriai.commons.removal.tables import RemovalRow
from iriai.repos import powers

MARK = "/file/"
ASKED_FOR = (State.HELD, State.REFUSED, State.APPEALED)


def settle(tx: Tx, commons_id: int, repo_id: int, path: str) -> bool:
    """Hold a file for whoever asks it now, or serve it. Returns whether it is served anew."""
    wanted = _by_removal(tx, repo_id, path) or _by_stewards(tx, commons_id, repo_id, path)
    present = powers.held_file(tx, repo_id, path)
    if wanted is None:
        return present is not None and powers.release_file(tx, repo_id, path)
    if present != wanted:
        reason, until = wanted
        powers.hold_file(tx, repo_id, path, reason=reason, until=until)
    return False


def said(tx: Tx, found: HoldRow, *, cases_url: str) -> str:
    """What stewards say where they hold something."""
    return (
        f"This is held by {cases.name_of(tx, found.commons_id)} ({found.ground}) until "
        f"{found.until.day} {found.until:%B %Y, %H:%M} UTC at the latest. What "
        f"follows, and how to object: {cases_url}"
    )


def _by_removal(tx: Tx, repo_id: int, path: str) -> tuple[str, datetime | None] | None:
    """The words of the first request that waits, or whose refusal can be appealed yet."""
    asked = select(RemovalRow).where(
        RemovalRow.repo_id == repo_id, RemovalRow.state.in_([each.value for each in ASKED_FOR])
    )
    tx.flush()
    for each in tx.session.scalars(asked.order_by(RemovalRow.id)):
        is_over = each.appeal_until is None or tx.now >= each.appeal_until
        if path not in each.paths or (each.state == State.REFUSED and is_over):
            continue
        name = charters.name_of(tx, each.commons_id)
        where = f"{tx.ground.settings.url}/commons/{name}/removals/{each.number}"
        return (
            f"Somebody has asked for this file to be removed; it is not served meanwhile: {where}",
            None,
        )
    return None


def _by_stewards(
    tx: Tx, commons_id: int, repo_id: int, path: str
) -> tuple[str, datetime | None] | None:
    """The words of the stewards' hold that lasts longest."""
    asked = select(HoldRow).where(
        HoldRow.commons_id == commons_id,
        HoldRow.repo_id == repo_id,
        HoldRow.concern == Concern.FILE,
        HoldRow.ended_at.is_(None),
    )
    tx.flush()
    held = [
        each
        for each in tx.session.scalars(asked)
        if each.subject.partition(MARK)[2] == path and cases.is_held(tx, each)
    ]
    if not held:
        return None
    last = max(held, key=lambda each: each.until)
    name = cases.name_of(tx, commons_id)
    url = f"{tx.ground.settings.url}/commons/{name}/cases"
    return said(tx, last, cases_url=url), last.until
