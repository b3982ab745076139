"""Two transactions of which the second begins before the first is committed."""

import threading
from collections.abc import Callable
from types import ModuleType

import pytest
from sqlalchemy import text
from tests.support import waiting

from iriai.base.errors import HubError
from iriai.base.tx import Ground, Tx

SECONDS = 0.3
OVERTAKEN_SECONDS = 2
"""How long an older reading is held up, in which a newer one could overtake it."""
HELD_UP = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND backend_type = 'client backend' AND wait_event_type = 'Lock'"
)


def overlapping(
    ground: Ground, first: Callable[[Tx], object], second: Callable[[Tx], object]
) -> HubError | None:
    """Do the first, and the second before that is committed; what the second raised, or None."""
    raised = list[HubError]()

    def come() -> None:
        try:
            with ground.write() as tx:
                second(tx)
        except HubError as error:
            raised.append(error)

    coming = threading.Thread(target=come)
    with ground.write() as tx:
        first(tx)
        coming.start()
        _until_it_waits(ground, coming)
    coming.join()
    return raised[0] if raised else None


def crossing(
    ground: Ground,
    first: Callable[[Tx], object],
    meanwhile: Callable[[], object],
    then: Callable[[Tx], object],
) -> HubError | None:
    """Begin something else after the first, and go on with that; what went wrong, or None.

    `meanwhile` opens what it needs itself, and has to wait: it ends after the first has.
    """
    raised = list[HubError]()

    def come() -> None:
        try:
            meanwhile()
        except HubError as error:
            raised.append(error)

    coming = threading.Thread(target=come)
    try:
        with ground.write() as tx:
            first(tx)
            coming.start()
            _until_it_waits(ground, coming)
            assert coming.is_alive(), raised or "it had nothing to wait for"
            then(tx)
    except HubError as error:
        raised.append(error)
    coming.join()
    return raised[0] if raised else None


def overtaken(
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    older: Callable[[], object],
    newer: Callable[[], object],
) -> None:
    """Do `newer` while `older` is about to `_keep` what it read before that.

    Where the one has to wait for the other, the older is held up for `OVERTAKEN_SECONDS` alone.
    """
    keep, is_about_to, is_newer_kept = module._keep, threading.Event(), threading.Event()

    def late(*given: object) -> None:
        if not is_about_to.is_set():
            is_about_to.set()
            is_newer_kept.wait(OVERTAKEN_SECONDS)
        keep(*given)

    monkeypatch.setattr(module, "_keep", late)
    coming = threading.Thread(target=older)
    coming.start()
    assert is_about_to.wait(waiting.SECONDS)
    newer()
    is_newer_kept.set()
    coming.join()


def _until_it_waits(ground: Ground, coming: threading.Thread) -> None:
    """Until the other has ended, or its database holds it up, which PostgreSQL tells.

    SQLite takes no two writers, so there the other is held up whenever it comes.
    """
    if ground.engine.dialect.name == "postgresql":
        waiting.until(lambda: not coming.is_alive() or _is_held_up(ground))
    else:
        coming.join(SECONDS)


def _is_held_up(ground: Ground) -> bool:
    with ground.engine.connect() as connection:
        return bool(connection.execute(HELD_UP).scalar_one())
