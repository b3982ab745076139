"""A live server of ours, around whatever ASGI application a test brings."""

import socket
import threading
import time
from contextlib import contextmanager

import pytest

from iriai.base.http import lending, protocol
from iriai.base.http import server as servers

SECONDS = 20


class Live:
    """A running server: its port, and how to talk to it rawly."""

    def __init__(self, app):
        self.server = servers.server(app, lifespan="off")
        self._thread = threading.Thread(target=self.server.run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + SECONDS
        while not self.server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        self.port = self.server.address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.server.should_exit = True
        self.server.force_exit = True
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()

    @contextmanager
    def connection(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS) as connected:
            yield connected


@pytest.fixture
def live():
    """A function that serves an application until the test ends."""
    running = []

    def start(app):
        running.append(Live(app))
        return running[-1]

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def impatient(monkeypatch):
    """Shorter time-outs, looked after more often."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(protocol, "STALL_SECONDS", 1.0)
    monkeypatch.setattr(lending, "STALL_SECONDS", 1.0)
    monkeypatch.setattr(servers, "ROUND_TICKS", 5)


def read_answer(connection):
    """One answer with a content-length, and not a byte of the next: status, headers, body."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += _received(connection, 1)
    lines = head[:-4].decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    status = int(lines[0].split(" ")[1])
    body, size = b"", int(headers.get("content-length", 0))
    while len(body) < size:
        body += _received(connection, size - len(body))
    return status, headers, body


def _received(connection, most):
    piece = connection.recv(most)
    if not piece:
        raise ConnectionError("closed before the answer's end")
    return piece
