"""What was let go is given back to the system, though something after it stays."""

import subprocess
import sys

import pytest

from iriai.base import memory

GAPS = """
import re, sys, time
from pathlib import Path
from iriai.base import memory

def megabytes():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

memory.TRIM_SECONDS = float(sys.argv[1])
with memory.given_back():
    blocks = [bytes(100_000) for _ in range(2_000)]
    del blocks[:-1]
    print(megabytes())
    time.sleep(1.5)
    print(megabytes())
"""


@pytest.mark.skipif(memory._glibc() is None, reason="another C library keeps memory as it likes")
def test_gaps_are_given_back_at_the_next_turn():
    def held(seconds):
        words = (sys.executable, "-c", GAPS, str(seconds))
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
        before, after = map(float, done.stdout.split())
        return before - after

    assert held(1.0) > 100
    assert held(60.0) < 20
