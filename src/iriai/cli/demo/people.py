"""The person of the demonstration, made once with the commands any operator has."""

import json
import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from iriai.cli.demo import hub
from iriai.cli.demo.hub import DemoError

NAME = "demo"


@dataclass(frozen=True, slots=True)
class Person:
    """Who uploads, and how they show it."""

    name: str
    url: str
    token: str
    password: str


def settle(data: Path, url: str) -> Person:
    """The person, their password and a token that works: kept from last time, or new."""
    folder = data / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    password = kept(folder / "password")
    if not _exists(url):
        password = secrets.token_urlsafe(12)
        keep(folder / "password", password)
        _said(hub.run("user", "add", NAME, "--password-stdin", data=data, given=f"{password}\n"))
    token = kept(folder / "token")
    if not token or not _works(url, token):
        made = hub.run("token", "add", NAME, "--role", "write", "--name", "demo", data=data)
        token = _said(made).strip()
        keep(folder / "token", token)
    return Person(NAME, url, token, password or "you set")


def _exists(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/api/users/{NAME}/overview", timeout=10).close()  # noqa: S310
    except urllib.error.HTTPError:
        return False
    return True


def _works(url: str, token: str) -> bool:
    asked = urllib.request.Request(  # noqa: S310
        f"{url}/api/whoami-v2", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
            return bool(json.load(answer).get("name") == NAME)
    except urllib.error.HTTPError:
        return False


def _said(done: CompletedProcess[str]) -> str:
    if done.returncode:
        raise DemoError(f"`iriai {' '.join(done.args[3:5])}` failed: {done.stderr.strip()}")
    return done.stdout


def kept(path: Path) -> str:
    """A secret kept from last time, or nothing."""
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def keep(path: Path, secret: str) -> None:
    """Keep a secret, for this machine's user alone."""
    path.touch(mode=0o600, exist_ok=True)
    path.write_text(f"{secret}\n", encoding="utf-8")
