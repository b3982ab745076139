"""A TCP proxy that misbehaves on demand, to stand between a client and a real server.

Faults are set on the proxy itself and each is spent as it happens: `cut_down = [1000]` resets
one connection after 1,000 bytes of its answer; `answers = [503, 503]` answers two requests itself.
Setting a fault also needs fresh connections: `drop()` closes the open ones.
"""

import contextlib
import select
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import Self

READ_BYTES = 1 << 16
HEAD_SECONDS = 10


@dataclass
class Proxy:
    """Listens on a free port and passes bytes on to `target`."""

    target: tuple[str, int]
    refuse: bool = False  # reset every connection at once
    silent: bool = False  # accept, and never answer
    answers: list[int] = field(default_factory=list)  # statuses to answer instead of the server
    cut_down: list[int] = field(default_factory=list)  # reset after so many bytes of answer
    cut_up: list[int] = field(default_factory=list)  # reset after so many bytes of request
    garble_up: list[int] = field(default_factory=list)  # flip a bit at this byte of the request
    connections: int = 0

    def __post_init__(self):
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where clients connect to."""
        return self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """The same, as an address for HTTP clients."""
        return f"http://127.0.0.1:{self.port}"

    def drop(self) -> None:
        """Reset every connection that is open."""
        for each in list(self._open):
            _reset(each)

    def close(self) -> None:
        """Stop listening and drop everything."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()
        self._thread.join(HEAD_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._open.add(client)
        try:
            if self.refuse:
                _reset(client)
            elif self.silent:
                client.settimeout(HEAD_SECONDS * 6)
                while client.recv(READ_BYTES):
                    pass
            elif self.answers:
                self._answer(client, self.answers.pop(0))
            else:
                with socket.create_connection(self.target) as server:
                    self._pass(client, server)
        except (OSError, ValueError):  # the other end, or `drop`, closed a socket
            pass
        finally:
            self._open.discard(client)
            client.close()

    def _answer(self, client: socket.socket, status: int) -> None:
        client.settimeout(HEAD_SECONDS)
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(READ_BYTES)
        client.sendall(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())
        client.shutdown(socket.SHUT_WR)
        with contextlib.suppress(TimeoutError):
            client.settimeout(1)
            while client.recv(READ_BYTES):
                pass

    def _pass(self, client: socket.socket, server: socket.socket) -> None:
        up = down = 0
        while True:
            readable, _, _ = select.select([client, server], [], [], HEAD_SECONDS * 6)
            if not readable:
                return
            for each in readable:
                data = each.recv(READ_BYTES)
                if not data:
                    return
                if each is client:
                    data = self._garbled(data, up)
                    up += len(data)
                    server.sendall(data)
                    if _spent(self.cut_up, up):
                        _reset(client)
                        return
                else:
                    down += len(data)
                    if _spent(self.cut_down, down):
                        client.sendall(data[: len(data) // 2])
                        _reset(client)
                        return
                    client.sendall(data)

    def _garbled(self, data: bytes, position: int) -> bytes:
        if self.garble_up and position <= self.garble_up[0] < position + len(data):
            at = self.garble_up.pop(0) - position
            return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        return data


def _spent(limits: list[int], count: int) -> bool:
    if limits and count > limits[0]:
        limits.pop(0)
        return True
    return False


def _reset(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        connection.close()
