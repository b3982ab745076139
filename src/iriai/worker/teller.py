"""What the worker does about the log: seal it, let its readers read, send webhooks.

A thread of its own, because people wait for what it passes on: an event is sealed, read and on its
way within a second, whatever job the worker is at.
"""

import logging
import threading

from iriai.base import cursors, events
from iriai.base.errors import Unavailable
from iriai.base.tx import Ground
from iriai.webhooks.sending import Sender

REST_SECONDS = 0.25
TROUBLE_SECONDS = 5.0

log = logging.getLogger(__name__)


def run(ground: Ground, stop: threading.Event) -> None:
    """Pass on what happens until `stop` is set. Trouble is logged and outlived."""
    sender = Sender(ground)
    while not stop.is_set():
        try:
            news = events.seal(ground)
            news += cursors.read_all(ground)
            news += sender.round()
        except Unavailable as trouble:
            log.warning("The log waits: %s", trouble.message)
            stop.wait(TROUBLE_SECONDS)
        except Exception:
            log.exception("The teller met a fault and goes on.")
            stop.wait(TROUBLE_SECONDS)
        else:
            stop.wait(0 if news else REST_SECONDS)
    sender.close()


def start(ground: Ground, stop: threading.Event) -> threading.Thread:
    """Run it in a thread of this process."""
    thread = threading.Thread(target=run, args=(ground, stop), name="teller", daemon=True)
    thread.start()
    return thread
