"""The worker's loop: do what is due, rest a moment, until told to stop.

`iriai serve` runs one in a thread of its own process; `iriai work` runs as many as one starts, on
as many machines. Two workers never do the same job at once: see `base.jobs`. Beside it, so that a
long job holds up nobody, a teller seals the log and passes on what is new in it: see `teller`.
"""

import logging
import threading
import time

from iriai.base import clock, jobs
from iriai.base.errors import Unavailable
from iriai.base.tx import Ground
from iriai.worker import teller
from iriai.worker.kinds import import_all

REST_SECONDS = 0.5
SCHEDULE_SECONDS = 60.0
TROUBLE_SECONDS = 5.0

log = logging.getLogger(__name__)


def run(ground: Ground, stop: threading.Event) -> None:
    """Work until `stop` is set. Trouble is logged and outlived."""
    import_all()
    telling = teller.start(ground, stop)
    scheduled_at = -SCHEDULE_SECONDS
    while not stop.is_set():
        try:
            if time.monotonic() - scheduled_at >= SCHEDULE_SECONDS:
                clock.require_agreed(ground.engine, ground.clock)
                jobs.schedule(ground)
                scheduled_at = time.monotonic()
            busy = jobs.run_next(ground)
        except Unavailable as trouble:
            log.warning("The worker waits: %s", trouble.message)
            stop.wait(TROUBLE_SECONDS)
        except Exception:
            log.exception("The worker met a fault and goes on.")
            stop.wait(TROUBLE_SECONDS)
        else:
            if not busy:
                stop.wait(REST_SECONDS)
    telling.join()


def start(ground: Ground, stop: threading.Event) -> threading.Thread:
    """Run the loop in a thread of this process."""
    thread = threading.Thread(target=run, args=(ground, stop), name="worker", daemon=True)
    thread.start()
    return thread
