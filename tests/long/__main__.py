"""`make test-long`: every test file at full counts, one after another, resumable, with a table.

What passed is kept in `.long/` under the commit it passed at; a second run at the same commit, with
nothing changed since, goes on with what is left. `--again` forgets.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".long"
TIMEOUT_SECONDS = 3_600
"""How long one test may take at full counts."""
COUNT = re.compile(r"(\d+) (passed|failed|skipped|error|errors)\b")


@dataclass(frozen=True, slots=True)
class Result:
    """How one test file went."""

    name: str
    passed: int
    failed: int
    skipped: int
    seconds: float

    @property
    def done(self) -> bool:
        return self.failed == 0 and self.passed + self.skipped > 0


def state() -> str:
    """A name for exactly this code: the commit, and what differs from it."""
    commit = _git("rev-parse", "--short=12", "HEAD").strip()
    changed = _git("diff", "HEAD") + _git("ls-files", "--others", "--exclude-standard")
    return commit if not changed else f"{commit}-{hashlib.sha256(changed.encode()).hexdigest()[:8]}"


def run(path: Path) -> Result:
    """One test file at full counts; its output is kept, and shown where it fails."""
    name = str(path.relative_to(ROOT))
    log = KEPT / f"{name.replace('/', '-')}.log"
    begun = time.monotonic()
    with log.open("w", encoding="utf-8") as output:
        limits = ["--timeout", str(TIMEOUT_SECONDS)]
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:randomly", *limits, name],
            cwd=ROOT,
            env=os.environ | {"IRIAI_TEST_LONG": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    text = log.read_text(encoding="utf-8")
    closing = text.strip().splitlines()[-1] if text.strip() else ""
    counts = {word: int(number) for number, word in COUNT.findall(closing)}
    failed = counts.get("failed", 0) + counts.get("error", 0) + counts.get("errors", 0)
    passed, skipped = counts.get("passed", 0), counts.get("skipped", 0)
    if not counts and "no tests ran" not in closing:
        failed = 1
    if failed:
        sys.stdout.write("\n".join(text.splitlines()[-60:]) + "\n")
    return Result(name, passed, failed, skipped, round(time.monotonic() - begun, 1))


def table(results: list[Result]) -> str:
    """The results for reading."""
    width = max(len(result.name) for result in results)
    lines = [f"{'file':{width}}  passed  failed  skipped  seconds"]
    lines += [
        f"{each.name:{width}}  {each.passed:6}  {each.failed:6}  {each.skipped:7}  {each.seconds:7}"
        for each in results
    ]
    total = [
        sum(getattr(each, name) for each in results) for name in ("passed", "failed", "skipped")
    ]
    lines.append(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make test-long", description=__doc__)
    parser.add_argument("--again", action="store_true", help="forget what passed already")
    parser.add_argument("only", nargs="*", help="parts of file names")
    given = parser.parse_args()
    KEPT.mkdir(exist_ok=True)
    kept = KEPT / f"{state()}.json"
    if given.again:
        kept.unlink(missing_ok=True)
    passed = {}
    if kept.exists():
        passed = {each["name"]: Result(**each) for each in json.loads(kept.read_text("utf-8"))}
    files = [
        path
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if not given.only or any(word in str(path) for word in given.only)
    ]
    results = []
    for number, path in enumerate(files, start=1):
        name = str(path.relative_to(ROOT))
        sys.stdout.write(f"[{number}/{len(files)}] {name} … ")
        sys.stdout.flush()
        result = passed.get(name) or run(path)
        sys.stdout.write(f"{'ok' if result.done else 'FAILED'} in {result.seconds} s\n")
        results.append(result)
        if result.done:
            passed[name] = result
            kept.write_text(json.dumps([asdict(each) for each in passed.values()]), "utf-8")
    sys.stdout.write(f"\n{table(results)}\n")
    return 0 if all(result.done for result in results) else 1


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
