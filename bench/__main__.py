"""`make bench`: every benchmark here, one after another, each beside its peer or limit.

A benchmark is a module of this folder that prints its own table when run: `python -m bench.NAME`.
`make bench ONLY="NAME …"` runs some. None runs beside another: they would measure each other.
"""

import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The benchmarks, by name: modules that run by themselves and print rows."""
    return sorted(
        path.stem
        for path in FOLDER.glob("*.py")
        if path.stem != "__main__"
        and not path.stem.endswith("_server")  # run by the benchmark of that name
        and '__name__ == "__main__"' in path.read_text("utf-8")
    )


def main(only: list[str]) -> int:
    """Run them; how many failed."""
    unknown = set(only) - set(names())
    if unknown:
        print(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names())}")
        return 1
    failed = []
    for name in only or names():
        begun = time.monotonic()
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode:
            failed.append(name)
        print(f"   {time.monotonic() - begun:.0f} s", flush=True)
    if failed:
        print(f"\nDid not finish: {', '.join(failed)}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
