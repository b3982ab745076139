"""Work handed to threads comes back to the loop that gave it."""

import asyncio
import threading
import time

import pytest

from iriai.base.threads import Threads


def test_work_is_done_elsewhere_and_its_result_awaited():
    threads = Threads(2, "test")

    async def ask():
        return await threads.run(lambda: threading.current_thread().name)

    assert asyncio.run(ask()).startswith("test-")
    assert asyncio.run(ask()).startswith("test-")  # another loop, the same threads


def test_what_is_raised_there_is_raised_here():
    async def ask():
        await Threads(1, "test").run(lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(ask())


def test_no_more_threads_are_made_than_said_and_all_work_is_done():
    threads = Threads(3, "bounded")
    seen = set()

    def work(number):
        seen.add(threading.current_thread().name)
        time.sleep(0.005)
        return number

    async def ask():
        return await asyncio.gather(*(threads.run(lambda n=n: work(n)) for n in range(50)))

    assert asyncio.run(ask()) == list(range(50))
    assert 1 < len(seen) <= 3


def test_who_stopped_waiting_does_not_stop_the_threads():
    threads = Threads(1, "test")

    async def ask():
        slow = threads.run(lambda: time.sleep(0.05))
        slow.cancel()
        return await threads.run(lambda: "still here")

    assert asyncio.run(ask()) == "still here"
