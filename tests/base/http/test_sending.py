"""Files over real sockets: fast, slow, broken, and under another server."""

import asyncio
import os
import socket
import struct
import threading
import time

import httpx
import pytest
from tests.base.http.conftest import read_answer

from iriai.base.errors import Unavailable
from iriai.base.http import server as servers
from iriai.base.http.sending import read_file, send_file

SIZE = 40_000_000


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    made = tmp_path_factory.mktemp("files") / "file"
    made.write_bytes(os.urandom(1_000_000) * 40)
    return made


@pytest.fixture
def served(path, live):
    """The file at every URL; `/0-100` is a part of it."""

    async def app(scope, receive, send):
        start, _, end = scope["path"].strip("/").partition("-")
        start, end = int(start or 0), int(end or SIZE)
        try:
            await send_file(scope, send, path, start, end, 200, [(b"x-of", b"file")])
        except Unavailable as error:
            body = error.code.encode()
            head = [(b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": 503, "headers": head})
            await send({"type": "http.response.body", "body": body})

    return live(app)


def test_a_file_arrives_whole(served, path):
    answer = httpx.get(served.url)
    assert answer.content == path.read_bytes()
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["x-of"] == "file"


def test_a_connection_goes_on_after_a_file(served, path):
    data = path.read_bytes()
    with httpx.Client(base_url=served.url) as client:
        for start, end in [(0, 1), (5, 5_000_000), (100, 100), (SIZE - 1, SIZE), (0, SIZE)]:
            assert client.get(f"/{start}-{end}").content == data[start:end]
    with served.connection() as connection:
        for _ in range(3):
            connection.sendall(b"GET /0-3000000 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert read_answer(connection)[2] == data[:3_000_000]


def test_requests_sent_ahead_are_answered_in_their_order(served, path):
    data = path.read_bytes()
    with served.connection() as connection:
        ahead = [b"GET /%d-%d HTTP/1.1\r\nHost: x\r\n\r\n" % (n, n + 2_000_000) for n in range(4)]
        connection.sendall(b"".join(ahead))
        expected = b"".join(data[n : n + 2_000_000] for n in range(4))
        received = b""
        while received.count(b"\r\n\r\n") < 4 or len(received) < len(expected):
            received += connection.recv(1 << 20)
    position = 0
    for number in range(4):
        position = received.index(b"\r\n\r\n", position) + 4
        part = received[position : position + 2_000_000]
        assert part == data[number : number + 2_000_000]
        position += len(part)


def test_head_has_the_length_and_no_body(served):
    with served.connection() as connection:
        connection.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        head = connection.recv(65536)
        assert b"content-length: %d" % SIZE in head
        connection.sendall(b"GET /0-3 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_answer(connection)[0] == 200


def test_an_old_client_gets_the_file_and_the_end_of_the_connection(served, path):
    with served.connection() as connection:
        connection.sendall(b"GET /0-3000000 HTTP/1.0\r\n\r\n")
        received = b""
        while piece := connection.recv(1 << 20):
            received += piece
    assert received.partition(b"\r\n\r\n")[2] == path.read_bytes()[:3_000_000]


def test_many_at_once_all_arrive(served, path):
    data = path.read_bytes()

    async def get_all():
        async with httpx.AsyncClient(timeout=60) as client:
            urls = [f"{served.url}/{n * 1000}-{n * 1000 + 1_000_000}" for n in range(40)]
            return await asyncio.gather(*(client.get(url) for url in urls))

    for number, answer in enumerate(asyncio.run(get_all())):
        assert answer.content == data[number * 1000 : number * 1000 + 1_000_000]


def test_clients_that_hang_up_disturb_nobody(served, path):
    for _ in range(20):
        with served.connection() as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(1000)
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    assert httpx.get(f"{served.url}/0-1000").content == path.read_bytes()[:1000]


def test_more_slow_readers_than_threads_leave_room_for_a_fast_one(served, path):
    slow = []
    try:
        for _ in range(60):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", served.port))
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            slow.append(connection)
        time.sleep(0.5)
        begun = time.monotonic()
        assert httpx.get(f"{served.url}/0-2000000").content == path.read_bytes()[:2_000_000]
        assert time.monotonic() - begun < 15
    finally:
        for connection in slow:
            connection.close()


def test_a_client_that_stops_reading_is_dropped(served, impatient):
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", served.port))
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(3)
        connection.settimeout(20)
        received = 0
        try:
            while piece := connection.recv(1 << 20):
                received += len(piece)
        except ConnectionResetError:
            pass
    assert received < SIZE


def test_a_client_that_reads_slowly_but_steadily_is_served(served, impatient, path):
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.connect(("127.0.0.1", served.port))
        connection.sendall(b"GET /0-12000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        for _ in range(30):  # 3 s at 200 KB/s, then as fast as it goes
            received += connection.recv(20_000)
            time.sleep(0.1)
        while len(received) < 12_000_000:
            piece = connection.recv(1 << 20)
            assert piece
            received += piece
    assert path.read_bytes().startswith(received.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("damage", ["missing", "short", "link", "folder"])
def test_a_damaged_file_is_refused_before_the_first_byte(damage, live, tmp_path):
    target = tmp_path / "object"
    if damage == "short":
        target.write_bytes(b"short")
    elif damage == "link":
        (tmp_path / "secret").write_bytes(b"x" * 100)
        target.symlink_to(tmp_path / "secret")
    elif damage == "folder":
        target.mkdir()
    refused = []

    async def app(scope, receive, send):
        try:
            await send_file(scope, send, target, 0, 100, 200, [])
        except Unavailable as error:
            refused.append(error.code)
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    assert httpx.get(live(app).url).status_code == 503
    assert refused == ["ObjectDamaged"]


def test_a_file_that_shrinks_on_the_way_never_looks_complete(live, tmp_path):
    target = tmp_path / "file"
    with target.open("wb") as file:
        file.truncate(200_000_000)

    async def app(scope, receive, send):
        await send_file(scope, send, target, 0, 200_000_000, 200, [])

    with live(app).connection() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        received = len(connection.recv(1000))
        os.truncate(target, 1000)
        try:
            while piece := connection.recv(1 << 20):
                received += len(piece)
        except ConnectionResetError:
            pass
    assert received < 200_000_000


def test_another_server_gets_the_same_bytes(path):
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(send_file({"method": "GET"}, send, path, 5, 3_000_005, 206, []))
    assert sent[0]["status"] == 206
    assert sent[-1] == {"type": "http.response.body", "body": b""}
    pieces = [message["body"] for message in sent[1:]]
    assert b"".join(pieces) == path.read_bytes()[5:3_000_005]
    assert max(map(len, pieces)) <= 1 << 20


def test_a_file_is_read_in_pieces(path):
    async def collect():
        return [piece async for piece in read_file(path, 10, 2_500_000)]

    assert b"".join(asyncio.run(collect())) == path.read_bytes()[10:2_500_000]


def test_stopping_the_server_lets_a_download_finish(path, live):
    async def app(scope, receive, send):
        await send_file(scope, send, path, 0, SIZE, 200, [])

    served = live(app)
    with served.connection() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        received = [connection.recv(1000)]
        served.server.should_exit = True
        time.sleep(0.3)
        reader = threading.Thread(
            target=lambda: received.extend(iter(lambda: connection.recv(1 << 20), b""))
        )
        reader.start()
        reader.join(20)
    assert b"".join(received).partition(b"\r\n\r\n")[2] == path.read_bytes()


def test_whoever_stops_the_server_is_told_what_it_waits_for_and_may_stop_it_at_once(
    path, live, caplog, monkeypatch
):
    monkeypatch.setattr(servers, "PATIENCE_SECONDS", 0.1)

    async def app(scope, receive, send):
        await send_file(scope, send, path, 0, SIZE, 200, [])

    served = live(app)
    with served.connection() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1000)
        served.server.should_exit = True
        told = "Stopping when what one client asked for is sent"
        until = time.monotonic() + 20
        while told not in caplog.text:
            assert time.monotonic() < until
            time.sleep(0.02)
        served.stop()
    assert [each for each in caplog.records if each.exc_info] == []
