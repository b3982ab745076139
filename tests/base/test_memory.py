"""What was let go is given back to the system, though something after it stays."""

import subprocess
import sys

import pytest
from tests.support import waiting

from iriai.base import memory

GAPS = """
import re, sys, time
from pathlib import Path
from iriai.base import memory

def megabytes():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

memory.TRIM_SECONDS, turns = float(sys.argv[1]), float(sys.argv[2])
with memory.given_back():
    blocks = [bytes(100_000) for _ in range(2_000)]
    full = megabytes()
    del blocks[:-1]
    ends = time.monotonic() + turns
    while full - megabytes() < 100 and time.monotonic() < ends:
        time.sleep(0.05)
    print(full - megabytes())
"""


@pytest.mark.skipif(memory._glibc() is None, reason="another C library keeps memory as it likes")
def test_gaps_are_given_back_at_the_next_turn():
    def given_back(every, within):
        """Megabytes, where it is looked every so many seconds, within so many."""
        words = (sys.executable, "-c", GAPS, str(every), str(within))
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        return float(done.stdout)

    assert given_back(1.0, waiting.SECONDS) > 100
    assert given_back(10.0 * waiting.SECONDS, 1.5) < 20
