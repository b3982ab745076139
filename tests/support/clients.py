"""Generations of the real client, each with the hf_xet of its time, each in its own environment.

They are made once and kept in `IRIAI_TEST_CACHE`, or `~/.cache/iriai-tests`. So is the npm package.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

INSTALL_SECONDS = 600
TORCH = "2.13.0"
NPM_PACKAGES = ("@huggingface/hub@2",)


@dataclass(frozen=True)
class Generation:
    """One release of huggingface_hub, and the hf_xet that was current then."""

    hub: str
    xet: str

    def __str__(self) -> str:
        return f"huggingface_hub-{self.hub}"

    @property
    def requirements(self) -> list[str]:
        return [f"huggingface_hub=={self.hub}", f"hf_xet=={self.xet}"]


TODAY = Generation("2.4.0", "1.8.0")
OLDER = [
    Generation("1.19.0", "1.5.1"),
    Generation("1.0.1", "1.2.0"),
    Generation("0.36.0", "1.1.10"),
    Generation("0.34.0", "1.1.5"),
]


def cache() -> Path:
    """Where what is fetched once is kept."""
    given = os.environ.get("IRIAI_TEST_CACHE")
    folder = Path(given) if given else Path.home() / ".cache" / "iriai-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def once(folder: Path) -> Iterator[bool]:
    """Whether `folder` must be made; others who want it wait. Half-made ones are removed."""
    done = folder.with_name(folder.name + ".done")
    with (folder.with_name(folder.name + ".lock")).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = not done.exists()
        if missing:
            shutil.rmtree(folder, ignore_errors=True)
        yield missing
        done.touch()


def python_of(generation: Generation) -> Path:
    """The interpreter of a generation's environment, which is made if it is not there."""
    folder = cache() / f"{generation}-xet-{generation.xet}"
    python = folder / "bin" / "python"
    with once(folder) as missing:
        if missing:
            uv = shutil.which(
                "uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            )
            if uv:
                _run([uv, "venv", "-q", "--python", sys.executable, str(folder)])
                _run(
                    [uv, "pip", "install", "-q", "--python", str(python), *generation.requirements]
                )
            else:
                _run([sys.executable, "-m", "venv", str(folder)])
                _run([str(python), "-m", "pip", "install", "-q", *generation.requirements])
    return python


def python_with_torch(*packages: str) -> Path:
    """An interpreter with PyTorch's CPU build, transformers of today's lock, and `packages`."""
    folder = cache() / f"torch-{TORCH}"
    python = folder / "bin" / "python"
    same = [f"{name}=={version(name)}" for name in ("transformers", "huggingface_hub", "hf_xet")]
    with once(folder) as missing:
        if missing:
            pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            _run([sys.executable, "-m", "venv", str(folder)])
            _run([*pip, f"torch=={TORCH}"])
            _run([*pip, *same, *packages])
    return python


def python_beside(name: str, *packages: str) -> Path:
    """An interpreter that has what this one has, and `packages` without what they ask for."""
    folder = cache() / f"beside-{name}"
    python = folder / "bin" / "python"
    with once(folder) as missing:
        if missing:
            _run([sys.executable, "-m", "venv", str(folder)])
            pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
            _run([*pip, "--no-deps", *packages])
        _share(folder)
    return python


def _share(folder: Path) -> None:
    """Let an environment find what this one has, wherever this one is by now."""
    (site,) = (folder / "lib").glob("python*/site-packages")
    said = site / "zz_shared.pth"
    shared = "\n".join(path for path in sys.path if path.endswith("site-packages"))
    if not said.exists() or said.read_text() != shared:
        said.write_text(shared)


def python_apart(name: str, *packages: str) -> Path:
    """An interpreter that has nothing but these packages and what they ask for."""
    folder = cache() / f"apart-{name}"
    python = folder / "bin" / "python"
    with once(folder) as missing:
        if missing:
            _run([sys.executable, "-m", "venv", str(folder)])
            _run([str(python), "-m", "pip", "install", "-q", *packages])
    return python


def node_modules(name: str = "hub.js", packages: tuple[str, ...] = NPM_PACKAGES) -> Path:
    """A folder in which these can be imported from; skips where there is no Node."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("Node and npm are not installed, so hub.js cannot be run.")
    folder = cache() / name
    with once(folder) as missing:
        if missing:
            folder.mkdir()
            quietly = ["--no-audit", "--no-fund", "--silent", "--ignore-scripts"]
            _run(["npm", "install", *quietly, "--prefix", str(folder), *packages])
    return folder


def run(
    command: list[str | Path],
    env: Mapping[str, str],
    *,
    cwd: Path | None = None,
    seconds: float = 240,
) -> subprocess.CompletedProcess[str]:
    """Run a client; its output is in the failure where it fails."""
    done = subprocess.run(
        [str(each) for each in command],
        env={**os.environ, **env},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-6000:]}"
    return done


END = "\nimport os, sys\nsys.stdout.flush()\nos._exit(0)\n"


def run_code(
    python: str | Path, code: str, *words: str | Path, env: Mapping[str, str], seconds: float = 240
) -> subprocess.CompletedProcess[str]:
    """Run Python code that uses a client's libraries.

    It ends its process itself: threads of native libraries abort it now and then while an
    interpreter ends, and that says nothing of a hub.
    """
    return run([python, "-c", code + END, *words], env, seconds=seconds)


HF = """
import contextlib, io, json, sys
from huggingface_hub.cli import hf
for words in json.loads(sys.argv[1]):
    said, sys.argv = io.StringIO(), ["hf", *words]
    try:
        with contextlib.redirect_stdout(said):
            hf.main()
    except SystemExit as end:
        if end.code:
            sys.exit(f"{words} ended with {end.code}: {said.getvalue()}")
    print(json.dumps(said.getvalue()))
"""


def hf(env: Mapping[str, str], *commands: tuple[str, ...]) -> list[str]:
    """What each of these `hf` commands says, run one after another in one process."""
    done = run([sys.executable, "-c", HF, json.dumps(commands)], env)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, timeout=INSTALL_SECONDS, capture_output=True)
