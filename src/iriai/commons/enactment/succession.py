"""The charter that follows where `solo` ends by itself lands on main of its repository.

No pull request is merged for it: a second member is admitted, or comes back from rest. Whom a
decision admits ends `solo` in the transaction in which main moves, as an amendment comes into
force. Who comes back by a click moves no branch; a job lands the commit behind them. It does so
once for each version, so that a main that a hand put back later stays a difference.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from sqlalchemy import or_, select

from iriai.base import instance
from iriai.base.errors import Conflict, Unknown
from iriai.base.tx import Ground, Tx
from iriai.commons import queries as commons
from iriai.commons.charter import amending, presets, queries
from iriai.commons.charter.rules import FILE_NAME, Preset
from iriai.commons.charter.tables import CharterRow
from iriai.commons.enactment import alone
from iriai.commons.enactment.registry import Decision
from iriai.commons.tables import Commons
from iriai.identity.rules import Actor
from iriai.repos import powers
from iriai.repos.actions import Add, Landed
from iriai.repos.charters import HUB_ACTOR
from iriai.repos.rules import Repo

EVERY = timedelta(hours=1)
LANDED = "charter_landed/{version}"
"""The instance's fact that says of a version that its commit was made."""
TITLE = "The charter in force since there is a second member"
MOVED = "Another charter has come into force since."


def inside(ground: Ground, decision: Decision, work: Callable[[Tx], None]) -> None:
    """Do what admits somebody; where that ends `solo`, as the charter that follows lands."""
    commons_id = decision.commons_id
    with ground.read() as tx:
        text = alone.follows(tx, commons_id)
        repo = None if text is None else _repository(tx, commons_id)
    if text is None or repo is None:  # without a repository one is made of what is in force then
        with ground.write() as tx:
            work(tx)
        return
    _land(ground, decision.actor, commons_id, repo, text=text, work=work)


def due(ground: Ground) -> int:
    """Land the charters that came into force without a commit. Returns how many did."""
    with ground.read() as tx:
        waiting = _waiting(tx)
    for commons_id, repo, text in waiting:
        _land(ground, HUB_ACTOR, commons_id, repo, text=text, work=lambda _: None)
    return len(waiting)


def _land(
    ground: Ground,
    actor: Actor,
    commons_id: int,
    repo: Repo,
    *,
    text: str,
    work: Callable[[Tx], None],
) -> None:
    def landed(tx: Tx, _what: Landed) -> None:
        work(tx)
        if queries.text(tx, commons_id) != text:
            raise Conflict(MOVED)
        instance.settle(tx, _fact(tx, commons_id), tx.now.isoformat())

    charter = [Add(FILE_NAME, text.encode())]
    powers.commit(
        ground,
        actor,
        repo,
        operations=charter,
        title=TITLE,
        parent=repo.head,
        first=partial(commons.lock, commons_id=commons_id),
        witness=landed,
    )


def _waiting(tx: Tx) -> list[tuple[int, Repo, str]]:
    """The commons whose main still has the `solo` that was in force before, and what it lacks."""
    by_itself = or_(
        CharterRow.decision == alone.SECOND_MEMBER, Commons.preset == Preset.OWNERS.value
    )
    asked = select(CharterRow.commons_id).join(Commons, Commons.id == CharterRow.commons_id)
    asked = asked.where(CharterRow.number > 1, by_itself).distinct()
    found = []
    for commons_id in tx.connection.execute(asked.order_by(CharterRow.commons_id)).scalars().all():
        repo = _repository(tx, commons_id)
        text = queries.text(tx, commons_id)
        number = queries.version(tx, commons_id).number
        if repo is None or repo.head is None or not _is_by_itself(tx, commons_id, text):
            continue
        before = queries.text(tx, commons_id, number - 1)
        main = amending.read_file(tx.ground, repo, repo.head, FILE_NAME)
        known = instance.fact(tx, _fact(tx, commons_id)) is not None
        if main == before.encode() != text.encode() and not known:
            found.append((commons_id, repo, text))
    return found


def _is_by_itself(tx: Tx, commons_id: int, text: str) -> bool:
    version = queries.version(tx, commons_id)
    if version.decision == alone.SECOND_MEMBER:
        return True
    return version.number > 1 and text == presets.text(
        Preset.OWNERS, queries.name_of(tx, commons_id)
    )


def _fact(tx: Tx, commons_id: int) -> str:
    return LANDED.format(version=queries.version(tx, commons_id).id)


def _repository(tx: Tx, commons_id: int) -> Repo | None:
    try:
        return amending.repository(tx, commons_id)
    except Unknown:
        return None
