"""Requests for every declared route: values for its parameters, and a body that fits there."""

import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from iriai import app

OWNER = "lab"
KINDS = ("model", "dataset", "space")
PARAMETER = re.compile(r"{([a-z_]+)(?::[a-z]+)?}")
VALUES = {
    "account": OWNER,
    "bucket": "bucket",
    "commons": OWNER,
    "file": "none.png",
    "generation": "1",
    "hash": "a" * 64,
    "key": "a" * 24,
    "level": "0",
    "namespace": OWNER,
    "number": "1",
    "oid": "a" * 64,
    "owner": OWNER,
    "paper": "2307.09288",
    "path": "config.json",
    "position": "1",
    "prefix": "default",
    "ref": "main",
    "revision": "main",
    "size": "1",
    "status": "pending",
    "tail": "main",
    "upload": "a" * 32,
}
BODIES: dict[str, dict[str, Any]] = {
    "/tag/": {"tag": "v1"},
    "/lfs-files/duplicate": {"target": {"name": "ada/elsewhere"}, "files": []},
    "/duplicate": {"repository": "bob/copy"},
    "/preupload/": {"files": []},
    "/paths-info": {"paths": []},
    "/lfs-files/batch": {"deletions": {"sha": ["a" * 64], "rewriteHistory": True}},
    "/ask-access/appeal": {"words": "A mistake"},
    "{bucket}/batch": {"type": "deleteFile", "path": "none"},
    "/commit/": {},
    "/discussions": {"title": "A title", "description": "Why"},
    "/comment": {"comment": "A remark"},
    "/edit": {"content": "Another remark"},
    "/title": {"title": "Another title"},
    "/status": {"status": "closed"},
    "/settings": {"discussionsDisabled": False},
    "/info/lfs/locks": {"path": "a.psd"},
    "/leaderboard/vouch": {"modelId": "ada/tiny", "value": 1},
    "/user-access-request/grant": {"user": "bob"},
    "/user-access-request/handle": {"user": "bob", "status": "accepted"},
    "/objects/batch": {"operation": "upload", "objects": [{"oid": "a" * 64, "size": 1}]},
}


def declared(package: ModuleType) -> Iterator[tuple[str, str]]:
    """Path and method of each route of a door that answers and ends."""
    for each in app.routes_of(package):
        if "unsupported" in each.endpoint.__module__ or each.path.endswith("/events"):
            continue  # a 501, or a stream without an end, judged in tests/buckets
        for method in each.methods:
            yield each.path, method


def url_of(path: str, values: dict[str, str]) -> str:
    """The path with its parameters filled in."""
    url = PARAMETER.sub(lambda found: {**VALUES, **values}.get(found[1], "x"), path)
    return f"{url}?service=git-upload-pack" if url.endswith("info/refs") else url


def body_for(path: str) -> dict[str, Any]:
    """A body that makes sense there; the last word of the path that has one decides."""
    fitting = [(path.rindex(word) + len(word), len(word), word) for word in BODIES if word in path]
    return BODIES[max(fitting)[2]] if fitting else {}


def kind_of(path: str) -> str | None:
    """The kind of repository that a path names, or "bucket", or None."""
    if "{bucket}" in path:
        return "bucket"
    if "{owner}" not in path or "{name}" not in path:
        return None
    first = [word for word in path.split("/")[1:3] if word in ("datasets", "spaces")]
    return first[0].removesuffix("s") if first else "model"
