"""The hub as a process of its own: started, waited for, stopped with us."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

READY_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20
LOOK_SECONDS = 0.5
HOST = "127.0.0.1"


class DemoError(Exception):
    """The demonstration cannot go on; the message says what to do."""


class Stopped(BaseException):
    """Somebody asked us to end."""


def require_free(port: int) -> None:
    """Say so when something else listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise DemoError(
                f"Port {port} is taken by another program, perhaps an earlier demo. "
                f"Stop it, or take another port: make demo PORT={port + 1}"
            ) from error


@dataclass(frozen=True)
class Served:
    """A hub that runs: its address, its process, and the file with what it says."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def wait(self) -> None:
        """Until Ctrl-C; a `DemoError` if the hub ends by itself."""
        while self.process.poll() is None:
            time.sleep(LOOK_SECONDS)
        raise DemoError(f"The hub ended by itself. It said:\n{self.log.read_text('utf-8').strip()}")


@contextmanager
def running(data: Path, port: int) -> Iterator[Served]:
    """A hub that serves `data`; stopped at the end, whatever happens."""
    url = f"http://{HOST}:{port}"
    command = [sys.executable, "-m", "iriai", "serve", "--data", str(data), "--port", str(port)]
    before = {each: signal.signal(each, _stop) for each in (signal.SIGTERM, signal.SIGHUP)}
    log = data / "demo" / "hub.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*command, "--host", HOST], stdout=said, stderr=said, start_new_session=True
        )
    try:
        _wait_until_ready(url, process, log)
        yield Served(url, process, log)
    except (KeyboardInterrupt, Stopped):
        sys.stdout.write("\nStopping the hub\n")
    finally:
        _end(process)
        for each, handler in before.items():
            signal.signal(each, handler)


def run(*arguments: str, data: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    """One `iriai` command on the hub's data, and what it said."""
    return subprocess.run(
        [sys.executable, "-m", "iriai", *arguments],
        env=os.environ | {"IRIAI_DATA": str(data)},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DemoError(f"The hub did not start. It said:\n{log.read_text('utf-8').strip()}")
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=2).close()  # noqa: S310
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise DemoError(f"The hub did not answer within {READY_SECONDS_MAX} seconds.")


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
