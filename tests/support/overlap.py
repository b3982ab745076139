"""Two transactions of which the second begins before the first is committed."""

import threading
from collections.abc import Callable

from iriai.base.errors import HubError
from iriai.base.tx import Ground, Tx

SECONDS = 0.3


def overlapping(
    ground: Ground, first: Callable[[Tx], object], second: Callable[[Tx], object]
) -> HubError | None:
    """Do the first, and the second before that is committed; what the second raised, or None."""
    done, raised = threading.Event(), list[HubError]()

    def come() -> None:
        assert done.wait(20)
        try:
            with ground.write() as tx:
                second(tx)
        except HubError as error:
            raised.append(error)

    coming = threading.Thread(target=come)
    coming.start()
    with ground.write() as tx:
        first(tx)
        done.set()
        coming.join(SECONDS)
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
            coming.join(SECONDS)
            assert coming.is_alive(), raised or "it had nothing to wait for"
            then(tx)
    except HubError as error:
        raised.append(error)
    coming.join()
    return raised[0] if raised else None
