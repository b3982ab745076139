"""Sending: many webhooks at once, each one's deliveries one after the other.

A sender takes leases of webhooks that something is due for and sends in threads. Those that fail
or are slow share half of the threads at most, so the others never wait for them; nobody holds a
lease for more than a few deliveries at a time.
"""

import logging
import random
import secrets
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from iriai.base import outbound
from iriai.base.errors import HubError, Unavailable
from iriai.base.tx import Ground
from iriai.webhooks import queue, rules, signing
from iriai.webhooks.queue import Due, Outcome

THREADS = 32
THREADS_SLOW = 16
TURN_MAX = 20
SLOW_SECONDS = 1.0

log = logging.getLogger(__name__)


class Sender:
    """One worker's threads. `round` takes what is due; `close` waits for what is under way."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.worker = secrets.token_hex(8)
        self.stopping = threading.Event()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook")
        self._busy: dict[int, tuple[Future[None], bool]] = {}
        self._slow: set[int] = set()

    def round(self) -> int:
        """Begin to send to every webhook that something is due for and a thread is free."""
        self._busy = {key: each for key, each in self._busy.items() if not each[0].done()}
        free = THREADS - len(self._busy)
        if free <= 0:
            return 0
        slow = THREADS_SLOW - sum(is_slow for _, is_slow in self._busy.values())
        taken = queue.claim(
            self.ground, self.worker, quick=free, slow=max(0, slow), known_slow=self._slow
        )
        for webhook_id, is_slow in taken.items():
            self._busy[webhook_id] = self._pool.submit(self._serve, webhook_id), is_slow
        return len(taken)

    def close(self) -> None:
        """Let each finish the delivery it is at."""
        self.stopping.set()
        self._pool.shutdown(wait=True)

    def _serve(self, webhook_id: int) -> None:
        try:
            self._send_all(webhook_id)
        except Unavailable as trouble:
            log.warning("A webhook waits: %s", trouble.message)
        except Exception:
            log.exception("Webhook %s could not be served.", webhook_id)

    def _send_all(self, webhook_id: int) -> None:
        due = queue.advance(self.ground, webhook_id, self.worker, None)
        for _ in range(TURN_MAX):
            if due is None or self.stopping.is_set():
                break
            outcome = send(self.ground, due)
            (self._slow.add if outcome.seconds > SLOW_SECONDS else self._slow.discard)(webhook_id)
            due = queue.advance(self.ground, webhook_id, self.worker, outcome)
        if due is not None:
            queue.release(self.ground, webhook_id, self.worker)


def send(ground: Ground, due: Due) -> Outcome:
    """One try."""
    body = due.payload.encode()
    started, chance = time.monotonic(), random.random()  # noqa: S311 - spreads tries, no secret
    try:
        answer = outbound.call(
            "POST",
            due.url,
            headers=signing.headers(due.key, body, due.secret, ground.clock()),
            body=body,
            allow=outbound.networks(ground.settings.outbound_allow),
        )
    except HubError as error:
        seconds = time.monotonic() - started
        return Outcome(due.delivery_id, None, "", error.message, seconds, chance)
    said = answer.body.decode(errors="replace").replace("\0", "")[: rules.ANSWER_LENGTH_MAX]
    return Outcome(due.delivery_id, answer.status, said, "", answer.seconds, chance)


def send_due(ground: Ground) -> int:
    """Send all that is due now, and wait for it. Returns how many webhooks had something."""
    sender, count = Sender(ground), 0
    try:
        while taken := sender.round():
            count += taken
            while not all(each.done() for each, _ in sender._busy.values()):  # noqa: SLF001
                time.sleep(0.005)
    finally:
        sender.close()
    return count
