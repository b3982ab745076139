"""What the confined process can reach, and what it does to those who misuse it."""

import os
import socket
import sys
import textwrap
import threading
import time

import pytest
from tests.support import waiting

from iriai.base import sandbox
from iriai.base.errors import Excessive, Invalid
from iriai.base.sandbox import Sandbox

EVIL = """
import ctypes, os, resource, signal, socket, subprocess, threading, time

LIBC = ctypes.CDLL(None, use_errno=True)


def attempt(deed):
    try:
        return repr(deed())
    except BaseException as error:
        return f"no: {type(error).__name__}"


def syscall(*numbers):
    result = LIBC.syscall(*numbers)
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result


def breach(data, *, port, secret, hub):
    return {
        "tcp": attempt(lambda: socket.create_connection(("127.0.0.1", port), 1)),
        "socket": attempt(lambda: socket.socket()),
        "unix": attempt(lambda: socket.socket(socket.AF_UNIX)),
        "packet": attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),
        "netlink": attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
        "pair": attempt(lambda: socket.socketpair()),
        "io_uring": attempt(lambda: syscall(425, 8, ctypes.create_string_buffer(256))),
        "file": attempt(lambda: open(secret).read()),
        "passwd": attempt(lambda: open("/etc/passwd").read()),
        "root": attempt(lambda: os.listdir("/")),
        "up": attempt(lambda: os.listdir("../../..")),
        "write": attempt(lambda: open("/tmp/iriai-was-here", "w")),
        "memory": attempt(lambda: open(f"/proc/{hub}/mem", "rb")),
        "other_memory": attempt(lambda: syscall(310, hub, bytes(16), 1, bytes(16), 1, 0)),
        "trace": attempt(lambda: syscall(101, 16, hub, 0, 0)),
        "kill": attempt(lambda: os.kill(hub, 0)),
        "limits": attempt(lambda: resource.prlimit(hub, resource.RLIMIT_NOFILE)),
        "own_limits": attempt(lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1))),
        "fork": attempt(os.fork),
        "exec": attempt(lambda: subprocess.run(["/bin/true"])),
        "thread": attempt(lambda: threading.Thread(target=print).start()),
        "chroot": attempt(lambda: os.chroot(".")),
        "unshare": attempt(lambda: syscall(272, 0x10000000)),
        "setuid": attempt(lambda: os.setuid(0)),
    }


def surroundings(data):
    return {"environment": dict(os.environ), "open": [n for n in range(64) if is_open(n)]}


def is_open(number):
    try:
        os.lseek(number, 0, os.SEEK_CUR)
    except OSError as error:
        return error.errno == 29  # a pipe cannot seek; a closed number is errno 9
    return True


def forever(data):
    while True:
        pass



def greedy(data):
    return len(bytearray(1 << 30))


def crash(data):
    ctypes.string_at(0)


def chatty(data):
    return "x" * (9 << 20)


def liar(data):
    os.write(1, b"\\xff\\xff\\xff\\xff" + b"A" * 100)


def echo(data, **options):
    return {"bytes": len(data), **options}


READERS = {name: globals()[name] for name in (
    "breach", "surroundings", "forever", "greedy", "crash", "chatty", "liar", "echo")}
"""


@pytest.fixture
def evil(tmp_path):
    """A sandbox whose readers are hostile; what the hub's own package holds is within its reach."""
    package = tmp_path / "src"
    package.mkdir()
    (package / "evil.py").write_text(textwrap.dedent(EVIL))
    (package / "iriai").symlink_to(sandbox._WORKER.parents[1])
    box = Sandbox(source=package, module="evil")
    yield box
    box.close()


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux has namespaces and seccomp.")
def test_who_gets_code_to_run_in_the_sandbox_reaches_no_socket_file_or_process(evil, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hf_" + "x" * 34)
    with socket.create_server(("127.0.0.1", 0)) as server:
        tried = evil.call(
            "breach", b"", port=server.getsockname()[1], secret=str(secret), hub=os.getpid()
        )
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()
    succeeded = {deed: result for deed, result in tried.items() if not result.startswith("no: ")}
    assert succeeded == {}
    assert len(tried) == 24


def test_the_sandbox_inherits_no_environment_and_no_open_file(evil, monkeypatch, tmp_path):
    monkeypatch.setenv("IRIAI_SECRET", "swordfish")
    with (tmp_path / "held").open("w"):
        seen = evil.call("surroundings", b"")
    assert seen["environment"].keys() <= {"LC_CTYPE"}
    assert seen["open"] == [0, 1, 2]


def test_a_reader_that_never_ends_is_stopped_and_the_next_call_is_served(evil):
    started = time.monotonic()
    with pytest.raises(Excessive, match="too long"):
        evil.call("forever", b"", seconds=0.5)
    assert time.monotonic() - started < 60
    assert evil.call("echo", b"abc", word="still here") == {"bytes": 3, "word": "still here"}


def test_a_reader_gets_no_more_memory_than_it_was_given(evil):
    with pytest.raises(Excessive, match="memory"):
        evil.call("greedy", b"", memory_bytes=64 << 20)


def test_a_reader_that_crashes_takes_nothing_with_it(evil):
    with pytest.raises(Invalid, match="gave up"):
        evil.call("crash", b"")
    assert evil.call("echo", b"")["bytes"] == 0


@pytest.mark.parametrize("reader", ["chatty", "liar"])
def test_an_endless_or_garbled_answer_is_not_believed(evil, reader):
    with pytest.raises((Invalid, Excessive)):
        evil.call(reader, b"")
    assert evil.call("echo", b"")["bytes"] == 0


def test_large_requests_pass_and_larger_ones_are_refused_before_they_are_sent(evil):
    assert evil.call("echo", bytes(20 << 20))["bytes"] == 20 << 20
    with pytest.raises(Excessive):
        evil.call("echo", bytes(sandbox.DATA_BYTES_MAX + 1))


def test_many_threads_share_a_few_processes(evil):
    counts = []

    def ask():
        counts.append(sum(evil.call("echo", b"x" * n)["bytes"] for n in range(20)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [190] * 8
    assert 1 <= len(evil._idle) <= evil.processes_max


def test_no_process_runs_before_the_first_call_nor_long_after_the_last(evil):
    assert evil._idle == []
    evil.call("echo", b"")
    (worker,) = evil._idle
    evil._timer.cancel()
    evil.idle_seconds = 0.1
    evil._arm()
    worker.process.wait(waiting.SECONDS)
    assert waiting.until(lambda: evil._idle == [])


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux has namespaces and seccomp.")
def test_the_layers_in_force_are_named():
    assert {"limits", "syscalls"} <= set(sandbox.layers())
