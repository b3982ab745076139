"""Uploading with the client that people have: `hf`, unmodified, its progress bars showing.

What it keeps is kept in the data folder; what one's own client is told to do is not passed on.
"""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import click

from iriai.cli.demo.cargo import Cargo, folder
from iriai.cli.demo.hub import DemoError
from iriai.cli.demo.people import Person

ASK_SECONDS_MAX = 10


def repository(data: Path, person: Person, cargo: Cargo) -> str:
    """Upload the cargo, or what is new of it. Gives the address of the repository's page."""
    full_name = f"{person.name}/{cargo.name}"
    page = f"{person.url}/{'datasets/' if cargo.repo_type == 'dataset' else ''}{full_name}"
    if _has_it(data, person, cargo):
        return page
    click.echo(f"· hf upload {full_name} ({cargo.repo_type})")
    command = [require_client(), "upload", full_name, str(folder(cargo, data)), "."]
    done = subprocess.run(
        [*command, "--repo-type", cargo.repo_type], env=environment(data, person), check=False
    )
    if done.returncode:
        raise DemoError(f"`hf upload {full_name}` failed; what it said is above.")
    return page


def _has_it(data: Path, person: Person, cargo: Cargo) -> bool:
    """Whether the hub has each of the cargo's files already, as large as it is here."""
    place = f"api/{cargo.repo_type}s/{person.name}/{cargo.name}/tree/main?recursive=true"
    asked = urllib.request.Request(  # noqa: S310
        f"{person.url}/{place}", headers={"Authorization": f"Bearer {person.token}"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=ASK_SECONDS_MAX) as answer:  # noqa: S310
            there = {each["path"]: each.get("size") for each in json.load(answer)}
    except (OSError, ValueError):
        return False
    base = folder(cargo, data)
    here = {str(each.relative_to(base)): each for each in base.rglob("*") if each.is_file()}
    return all(
        there.get(name) == file.stat().st_size
        for name, file in here.items()
        if not name.startswith(".cache/")  # the client's own
    )


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


def require_client() -> str:
    """The `hf` client beside this Python, or on the path; a `DemoError` where there is none."""
    beside = Path(sys.executable).parent / "hf"
    found = str(beside) if beside.exists() else shutil.which("hf")
    if found is None:
        raise DemoError("The `hf` client is not installed here: pip install 'iriai[client]'")
    return found
