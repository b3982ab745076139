"""Bodies made on the way: whole, slowly read, cut short, and failing."""

import socket
import struct
import threading
import time
from contextlib import suppress
from itertools import chain

import httpx
import pytest
from tests.base.http.conftest import read_answer

from iriai.base.errors import Unavailable
from iriai.base.http.making import send_made

PIECE = bytes(range(256)) * 4_096
COUNT = 20
SIZE = len(PIECE) * COUNT


def pieces(count=COUNT, fails_after=None):
    for number in range(count):
        if number == fails_after:
            raise Unavailable("This piece is damaged.", code="ObjectDamaged")
        yield memoryview(PIECE)


@pytest.fixture
def served(live):
    """The body at `/`; `/fail-3` fails after three pieces, `/short` and `/long` make others."""
    ended, left, kept = [], [], []

    def letting_go(made, where):
        try:
            yield from made
        finally:
            left.append(where)

    async def app(scope, receive, send):
        where = scope["path"].strip("/")
        made = pieces()
        if where.startswith("fail-"):
            made = pieces(fails_after=int(where.removeprefix("fail-")))
        if where in {"short", "long"}:
            made = chain(pieces(COUNT - 1), [PIECE + b"x"] if where == "long" else [])
        if where == "too-long":
            made = iter([[PIECE * COUNT, b"HTTP/1.1 200 OK"]])
        if where == "parts":  # more than one call of the kernel takes, and some of them empty
            made = (
                [b"", *(PIECE[at : at + 500] for at in range(0, len(PIECE), 500))]
                for _ in range(COUNT)
            )
        made = letting_go(made, scope["path"])
        kept.append(made)  # so that nothing but its end closes it
        try:
            await send_made(scope, send, made, SIZE, 200, [(b"x-of", b"making")])
        except Unavailable as error:
            if where != "fail-0":
                raise
            body = error.code.encode()
            head = [(b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": 503, "headers": head})
            await send({"type": "http.response.body", "body": body})
        finally:
            ended.append(where)

    started = live(app)
    started.ended, started.left = ended, left
    return started


def test_a_made_body_arrives_whole_and_the_connection_goes_on(served):
    with served.connection() as connection:
        for _ in range(3):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            _, headers, body = read_answer(connection)
            assert body == PIECE * COUNT
            assert headers["content-length"] == str(SIZE)


def test_a_piece_in_many_parts_arrives_whole(served):
    assert httpx.get(served.url + "/parts").content == PIECE * COUNT


def test_head_makes_nothing(served):
    answer = httpx.head(served.url + "/fail-0")
    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(SIZE)


def test_what_fails_at_once_is_still_an_error(served):
    answer = httpx.get(served.url + "/fail-0")
    assert (answer.status_code, answer.text) == (503, "ObjectDamaged")


def test_of_a_first_piece_that_is_too_long_nothing_is_sent(served):
    with served.connection() as connection:
        connection.sendall(b"GET /too-long HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_answer(connection)[0] == 500


@pytest.mark.parametrize("where", ["fail-1", "fail-7", "short", "long"])
def test_what_fails_later_never_looks_complete(served, where):
    with (
        pytest.raises(httpx.RemoteProtocolError),
        httpx.stream("GET", f"{served.url}/{where}") as got,
    ):
        for _ in got.iter_raw():
            pass


def test_many_are_served_at_once_with_the_right_bytes(served):
    found = []
    threads = [
        threading.Thread(
            target=lambda: found.append(httpx.get(served.url).content == PIECE * COUNT)
        )
        for _ in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 24


def test_a_client_that_hangs_up_ends_the_making(served):
    with served.connection() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.recv(10_000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    deadline = time.monotonic() + 10
    while not served.ended:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert served.left == ["/"]


@pytest.mark.parametrize("where", ["", "fail-7", "long"])
def test_whatever_comes_of_it_what_makes_it_lets_go_at_once(served, where):
    with suppress(httpx.RemoteProtocolError):
        httpx.get(f"{served.url}/{where}")
    deadline = time.monotonic() + 10
    while not served.ended:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert served.left == [f"/{where}"]


def test_a_client_that_stops_reading_is_dropped(impatient, served):
    with served.connection() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        deadline = time.monotonic() + 15
        while not served.ended:
            assert time.monotonic() < deadline
            time.sleep(0.05)
