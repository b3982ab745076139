"""Git as people run it, and pushes made by hand."""

import base64
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from iriai.api.git import packets
from iriai.api.git.packets import NO_SHA


@dataclass
class Git:
    """Git in a folder, with a home of its own."""

    folder: Path
    env: dict[str, str]

    def __call__(self, *words, check=True, **more):
        done = subprocess.run(
            ["git", *map(str, words)],
            cwd=self.folder, env=self.env | more, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"git {words}: {done.stdout}{done.stderr}")
        return done.stdout.strip() if check else done

    def write(self, path, content):
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, message="A change", **files):
        for path, content in files.items():
            self.write(path, content)
        self("add", "-A")
        self("commit", "-qm", message)
        return self("rev-parse", "HEAD")

    def clone(self, url, name, *words):
        self("clone", "-q", *words, url, name)
        return Git(self.folder / name, self.env)


def url_of(hub, repo, token=None):
    token = hub.token if token is None else token
    sign = f"ada:{token}@" if token else ""
    return hub.url.replace("://", f"://{sign}") + f"/{repo}"


def main_of(api, repo):
    return api.repo_info(repo).sha


def basic(token, user="ada"):
    return "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()


def post(hub, path, body, *, token=None, **headers):
    """Status, headers and body of a POST as git would send it."""
    request = urllib.request.Request(f"{hub.url}/{path}", data=body, method="POST")
    request.add_header("Authorization", basic(token or hub.token))
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def push_by_hand(hub, repo, updates, pack=b"", capabilities="report-status", **headers):
    """What the hub says to a push of hand-made objects."""
    body, tail = b"", f"\0{capabilities}"
    for name, old, new in updates:
        body += packets.packet(f"{old or NO_SHA} {new or NO_SHA} {name}{tail}".encode())
        tail = ""
    body += b"0000" + (pack.read_bytes() if isinstance(pack, Path) else pack)
    status, _, said = post(hub, f"{repo}/git-receive-pack", body, **headers)
    assert status == 200, said
    return said.decode()
