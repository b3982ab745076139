"""A client that costs little, so that a benchmark measures the server: plain sockets, big reads."""

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BUFFER_BYTES = 1 << 20


def get(port: int, path: str, span: tuple[int, int] | None = None) -> int:
    """GET `path` (or the bytes `span`, both ends included) and throw the body away; its length."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        extra = "" if span is None else f"Range: bytes={span[0]}-{span[1]}\r\n"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\n{extra}\r\n".encode())
        head, rest = _head(connection)
        length = _content_length(head)
        buffer = bytearray(BUFFER_BYTES)
        received = len(rest)
        while received < length:
            count = connection.recv_into(buffer)
            if not count:
                raise ConnectionError(f"{received} of {length} bytes came")
            received += count
        return received


def get_many(port: int, path: str, spans: list[tuple[int, int]]) -> int:
    """All `spans` at once, each on its own connection; how many bytes came."""
    with ThreadPoolExecutor(len(spans)) as pool:
        return sum(pool.map(lambda span: get(port, path, span), spans))


def put(port: int, path: str, source: Path) -> int:
    """PUT the file `source` to `path`; the status."""
    size = source.stat().st_size
    with socket.create_connection(("127.0.0.1", port)) as connection, source.open("rb") as file:
        connection.sendall(
            f"PUT {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {size}\r\n\r\n".encode()
        )
        position = 0
        while position < size:
            position += os.sendfile(connection.fileno(), file.fileno(), position, size - position)
        return int(_head(connection)[0].split(b" ", 2)[1])


def _head(connection: socket.socket) -> tuple[bytes, bytes]:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(1 << 16)
        if not piece:
            raise ConnectionError("no answer came")
        received += piece
    head, _, rest = received.partition(b"\r\n\r\n")
    return head, rest


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ConnectionError("the answer has no length")
