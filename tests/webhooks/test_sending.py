"""Deliveries arrive, in order, under one id, and nobody waits for a slow receiver."""

import base64
import hashlib
import hmac
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.receiver import Receiver

from iriai.base import cursors, events
from iriai.base.errors import Conflict
from iriai.discussions import actions as discussions
from iriai.repos.operations import Add
from iriai.webhooks import actions, jobs, queries, queue, rules, telling
from iriai.webhooks.queue import Outcome
from iriai.webhooks.sending import Sender

pytestmark = pytest.mark.either_state
SLOW_SECONDS = 8
"""Eight of them one after another would take a minute; the other is served at once."""


def opened(village, count, start=0):
    """So many things that happen."""
    bob = village.actor("bob")
    for number in range(start, start + count):
        with village.ground.write() as tx:
            title = f"Number {number:04}"
            discussions.open_discussion(tx, bob, village.repo(), title=title)


def set_down(village):
    events.seal(village.ground)
    cursors.read_on(village.ground, "webhooks", telling.take)


def titles(heard):
    return [each.json["discussion"]["title"] for each in heard]


def test_a_delivery_carries_the_secret_and_a_signature_that_holds(village):
    village.hook(secret="a secret of ada's")
    village.commit(Add("a.txt", b"a"))
    village.tell()
    (heard,) = village.receiver.received
    assert heard.headers["X-Webhook-Secret"] == "a secret of ada's"
    assert heard.headers["Content-Type"] == "application/json"
    signed = f"{heard.id}.{heard.headers['webhook-timestamp']}.".encode() + heard.body
    digest = hmac.digest(b"a secret of ada's", signed, hashlib.sha256)
    assert heard.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_without_a_secret_nothing_is_signed(village):
    village.hook()
    village.commit(Add("a.txt", b"a"))
    village.tell()
    (heard,) = village.receiver.received
    assert "webhook-signature" not in heard.headers
    assert "X-Webhook-Secret" not in heard.headers


def test_what_fails_is_tried_again_before_anything_newer_under_the_same_id(village):
    hook = village.hook()
    village.receiver.answer = lambda _heard: 500
    opened(village, 3)
    village.tell()
    village.tell()
    assert len(village.receiver.heard) == 1
    village.clock.advance(seconds=2)
    village.tell()
    assert len(village.receiver.heard) == 2
    village.receiver.answer = None
    village.clock.advance(seconds=10)
    village.tell()
    assert len({each.id for each in village.receiver.heard[:3]}) == 1
    assert titles(village.receiver.received) == ["Number 0000", "Number 0001", "Number 0002"]
    assert [each.attempts for each in village.deliveries(hook)] == [3, 1, 1]
    assert village.seen(hook).failures == 0


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500])
def test_only_a_two_hundred_says_that_it_arrived(village, status):
    hook = village.hook()
    village.receiver.answer = lambda _heard: status
    opened(village, 1)
    village.tell()
    (found,) = village.deliveries(hook)
    assert (found.state, found.status, found.answer) == ("waiting", status, "not today")


def test_what_fails_for_a_day_is_a_dead_letter_and_the_next_has_its_turn(village):
    hook = village.hook()
    village.receiver.answer = lambda heard: 500 if b"Number 0000" in heard.body else 200
    opened(village, 2)
    for _ in range(80):
        village.tell()
        village.clock.advance(minutes=20)
    dead, alive = village.deliveries(hook)
    assert (dead.state, alive.state) == ("dead", "delivered")
    assert dead.tried_at - dead.made_at <= timedelta(hours=24)
    assert 40 < dead.attempts < 80


def test_a_dead_letter_is_sent_again_when_asked(village):
    hook = village.hook()
    village.receiver.answer = lambda _heard: 410
    opened(village, 1)
    village.tell()
    (dead,) = village.deliveries(hook)
    assert dead.state == "dead"
    assert "410" in village.seen(hook).disabled_reason
    ada = village.actor("ada")
    with village.ground.write() as tx, pytest.raises(Conflict):
        actions.resend(tx, ada, village.seen(hook), dead.key)
    village.receiver.answer = None
    with village.ground.write() as tx:
        actions.resend(tx, ada, actions.enable(tx, ada, village.seen(hook)), dead.key)
    village.tell()
    (heard,) = village.receiver.received
    assert heard.id == dead.key


def test_a_disabled_webhook_is_told_nothing_and_misses_what_happens(village):
    hook, ada = village.hook(), village.actor("ada")
    with village.ground.write() as tx:
        actions.disable(tx, ada, hook)
    opened(village, 1)
    assert village.heard() == []
    with village.ground.write() as tx:
        actions.enable(tx, ada, village.seen(hook))
    opened(village, 1, start=1)
    village.tell()
    assert titles(village.receiver.received) == ["Number 0001"]


def test_an_address_inside_is_never_called(village):
    settings = replace(village.ground.settings, outbound_allow="")
    hook = village.hook()
    village.ground = replace(village.ground, settings=settings)
    opened(village, 1)
    village.tell()
    assert village.receiver.heard == []
    (found,) = village.deliveries(hook)
    assert "not on the public internet" in found.error


def test_a_slow_receiver_holds_up_nobody(village):
    ended = threading.Event()
    slow = Receiver(answer=lambda _heard: 200 if ended.wait(SLOW_SECONDS) else 503)
    try:
        for _ in range(8):
            village.hook(url=slow.url)
        village.hook()
        opened(village, 3)
        set_down(village)
        sender, started = Sender(village.ground), time.monotonic()
        while len(village.receiver.received) < 3:
            assert time.monotonic() - started < 5 * SLOW_SECONDS, "it waited for the slow ones"
            sender.round()
            time.sleep(0.01)
        ended.set()
        sender.close()
    finally:
        slow.close()


def test_webhooks_that_fail_share_half_of_the_places(village):
    ada = village.actor("ada")
    with village.ground.write() as tx:
        for _ in range(6):
            hook = actions.create(
                tx, ada, ada.id, url=village.receiver.url, watched=[("user", "ada")]
            )
            queue._change(tx, hook.id, failures=1, next_at=tx.now)
        quick = actions.create(tx, ada, ada.id, url=village.receiver.url, watched=[("user", "ada")])
        queue._change(tx, quick.id, next_at=tx.now)
    taken = queue.claim(village.ground, "me", quick=6, slow=3)
    assert sum(taken.values()) == 3
    assert taken[quick.id] is False
    assert not set(queue.claim(village.ground, "other", quick=6, slow=6)) & set(taken)


def test_a_sender_that_died_leaves_its_delivery_to_another_under_the_same_id(village):
    hook = village.hook()
    opened(village, 1)
    set_down(village)
    assert list(queue.claim(village.ground, "dead", quick=1, slow=1)) == [hook.id]
    due = queue.advance(village.ground, hook.id, "dead", None)
    assert queue.claim(village.ground, "heir", quick=1, slow=1) == {}
    village.clock.advance(seconds=queue.LEASE.total_seconds() + 1)
    assert list(queue.claim(village.ground, "heir", quick=1, slow=1)) == [hook.id]
    again = queue.advance(village.ground, hook.id, "heir", None)
    assert again == due
    late = Outcome(due.delivery_id, 200, "", "", 0.1, 0.5)
    assert queue.advance(village.ground, hook.id, "dead", late) is None
    assert village.deliveries(hook)[0].state == "waiting"


def test_no_more_is_told_in_a_day_than_the_cap(village):
    hook = village.hook()
    monthly = rules.DELIVERIES_PER_DAY_MAX
    rules.DELIVERIES_PER_DAY_MAX = 3
    try:
        opened(village, 5)
        village.tell()
        assert len(village.receiver.received) == 3
        assert village.seen(hook).capped_at is not None
        village.clock.advance(hours=24, seconds=1)
        opened(village, 1, start=5)
        village.tell()
        assert len(village.receiver.received) == 4
    finally:
        rules.DELIVERIES_PER_DAY_MAX = monthly


def test_what_was_long_ago_is_forgotten(village):
    hook = village.hook()
    opened(village, 1)
    village.tell()
    village.clock.advance(days=rules.KEPT_DAYS + 1)
    opened(village, 1, start=1)
    village.tell()
    jobs.forget(village.ground, {})
    assert len(village.deliveries(hook)) == 1


def test_a_webhook_goes_with_all_it_was_told(village):
    hook = village.hook()
    opened(village, 1)
    set_down(village)
    with village.ground.write() as tx:
        actions.delete(tx, village.actor("ada"), hook)
    assert village.heard() == []
    with village.ground.read() as tx:
        assert queries.webhooks_by_id(tx, [hook.id]) == []
