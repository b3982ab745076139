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
