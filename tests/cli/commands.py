"""`iriai` as a newcomer runs it: a process of its own, in a folder of its own.

Its modules are loaded beforehand; `is_cold` runs the command itself, as a shell does.
"""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import warm

SOURCE = Path(__file__).parents[2] / "src"
SECONDS = 180


@dataclass
class Shell:
    """A shell whose folder holds the hub's data."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    is_cold: bool = False

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return kept | {"PYTHONPATH": str(SOURCE), "COLUMNS": "100"} | self.variables

    def run(self, *words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        """Run `iriai WORDS…` to its end."""
        if not self.is_cold:
            return warm.run(
                *words,
                environment=self.environment,
                seconds=SECONDS,
                folder=self.folder,
                given=given,
            )
        return subprocess.run(
            [sys.executable, "-m", "iriai", *words],
            cwd=self.folder,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def ok(self, *words: str, given: str = "") -> str:
        """Run it, and insist that it succeeds. Returns what it printed."""
        done = self.run(*words, given=given)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def refused(self, *words: str, given: str = "", status: int = 1) -> str:
        """Run it, and insist that it is refused. Returns the sentence."""
        done = self.run(*words, given=given)
        assert (done.returncode, done.stdout) == (status, ""), done
        assert "Traceback" not in done.stderr
        return done.stderr
