"""Uploading with the client that people have: `hf`, unmodified, its progress bars showing.

What it keeps is kept in the data folder; what one's own client is told to do is not passed on.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

from iriai.cli.demo.cargo import Cargo, folder
from iriai.cli.demo.hub import DemoError
from iriai.cli.demo.people import Person


def repository(data: Path, person: Person, cargo: Cargo) -> str:
    """Upload the cargo, or what is new of it. Gives the address of the repository's page."""
    full_name = f"{person.name}/{cargo.name}"
    click.echo(f"· hf upload {full_name} ({cargo.repo_type})")
    command = [_client(), "upload", full_name, str(folder(cargo, data)), "."]
    done = subprocess.run(
        [*command, "--repo-type", cargo.repo_type], env=environment(data, person), check=False
    )
    if done.returncode:
        raise DemoError(f"`hf upload {full_name}` failed; what it said is above.")
    return f"{person.url}/{'datasets/' if cargo.repo_type == 'dataset' else ''}{full_name}"


def environment(data: Path, person: Person) -> dict[str, str]:
    """What the client is told: whom it speaks for, and to keep its things in the data folder."""
    home = data / "demo" / "client"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return kept | {
        "HF_ENDPOINT": person.url,
        "HF_TOKEN": person.token,
        "HF_HOME": str(home),
        "HF_XET_CACHE": str(home / "xet"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    }


def _client() -> str:
    beside = Path(sys.executable).parent / "hf"
    found = str(beside) if beside.exists() else shutil.which("hf")
    if found is None:
        raise DemoError("The `hf` client is not installed here: pip install 'iriai[client]'")
    return found
