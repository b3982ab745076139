"""Who gets past the door of every API route, as one table (`authorization.yaml` beside this file).

Every route that names a repository is asked by everyone, about a public and a private one. `-` is
refused (401, 403, or a 404 that does not know the repository), `+` is let in, whatever comes of it.
After a deliberate change, write the table anew with IRIAI_WRITE_TABLE=1 and read the difference.
"""

import os
import re
from pathlib import Path

import pytest
import yaml
from tests.support.asgi import ask

import iriai.api
from iriai import app
from iriai.base.routing import Access
from iriai.identity import actions as identity
from iriai.identity import queries
from iriai.identity.rules import Act, Grant, Reach

TABLE = Path(__file__).with_name("authorization.yaml")
ASKERS = ("nobody", "stranger", "owner_reading", "owner", "owner_elsewhere")
VALUES = {
    "tail": "main",
    "number": "1",
    "revision": "main",
    "ref": "main",
    "path": "config.json",
    "status": "pending",
}
ROUTES = sorted(
    (each.path, method)
    for each in app.routes_of(iriai.api)
    for method in each.methods
    if "{owner}" in each.path
    and "{name}" in each.path
    and each.access is not Access.TOKEN_SIGNED
    and "unsupported" not in each.endpoint.__module__
)
BODIES = {
    "/tag/": {"tag": "v1"},
    "/lfs-files/duplicate": {"target": {"name": "ada/elsewhere"}, "files": []},
    "/duplicate": {"repository": "bob/copy"},
    "/preupload/": {"files": []},
    "/paths-info/": {"paths": []},
    "/commit/": {},
    "/discussions": {"title": "A title", "description": "Why"},
    "/comment": {"comment": "A remark"},
    "/edit": {"content": "Another remark"},
    "/title": {"title": "Another title"},
    "/status": {"status": "closed"},
    "/settings": {"discussionsDisabled": False},
    "/lfs-files/batch": {"deletions": {"sha": []}},
    "/info/lfs/locks": {"path": "a.psd"},
    "/leaderboard/vouch": {"modelId": "ada/tiny", "value": 1},
    "/user-access-request/grant": {"user": "bob"},
    "/user-access-request/handle": {"user": "bob", "status": "accepted"},
    "/objects/batch": {"operation": "upload", "objects": [{"oid": "a" * 64, "size": 1}]},
}
PARAMETER = re.compile(r"{([a-z_]+)(?::[a-z]+)?}")


@pytest.fixture
def askers(doors):
    """Tokens of everyone who may ask; the owner also has one that reads, and one for elsewhere."""
    ada, owner = doors.person("ada")
    _, stranger = doors.person("bob")
    other = doors.repo(ada, "elsewhere")
    with doors.ground.write() as tx:
        actor = queries.actor_named(tx, "ada")
        reading = identity.mint_token(tx, actor, name="reading", role=Reach.READ).raw
        grants = [Grant(frozenset({Act.READ, Act.WRITE, Act.ADMINISTER}), repo_id=other.id)]
        elsewhere = identity.mint_token(
            tx, actor, name="elsewhere", role=Reach.FINE_GRAINED, grants=grants
        ).raw
    tokens = ("", stranger, reading, owner, elsewhere)
    return ada, dict(zip(ASKERS, tokens, strict=True))


def let_in(answer):
    """Whether an answer comes from behind the door."""
    if answer.status in (401, 403, 501):
        return False
    return not (answer.status == 404 and answer.headers.get("x-error-code") == "RepoNotFound")


def body_for(path):
    """A body that makes sense there; the last word of the path that has one decides."""
    fitting = [(path.rindex(word) + len(word), len(word), word) for word in BODIES if word in path]
    return BODIES[max(fitting)[2]] if fitting else {}


def asked(doors, method, path, name, token):
    values = {**VALUES, "owner": "ada", "name": name}
    url = PARAMETER.sub(lambda found: values.get(found[1], "x"), path)
    if url.endswith("info/refs"):
        url += "?service=git-upload-pack"
    body = body_for(path) if method in ("POST", "PUT", "DELETE") else b""
    return ask(doors.hub, method, url, token=token, body=body)


def test_the_table_says_who_gets_past_every_door(doors, askers):
    ada, tokens = askers
    kinds = {"/datasets/": "dataset", "/api/datasets/": "dataset", "/spaces/": "space"}
    kinds |= {"/api/spaces/": "space"}
    for kind in ("model", "dataset", "space"):
        more = {"sdk": "static"} if kind == "space" else {}
        doors.repo(ada, f"open-{kind}", kind=kind, **more)
        doors.repo(ada, f"closed-{kind}", kind=kind, visibility="private", **more)
    found = {}
    for path, method in ROUTES:
        kind = next((k for prefix, k in kinds.items() if path.startswith(prefix)), "model")
        row = []
        for state in ("open", "closed"):
            marks = [
                "+" if let_in(asked(doors, method, path, f"{state}-{kind}", token)) else "-"
                for token in tokens.values()
            ]
            row.append("".join(marks))
        found[f"{method} {path}"] = " ".join(row)
    if os.environ.get("IRIAI_WRITE_TABLE"):
        head = f"# Who gets in, of {', '.join(ASKERS)}: to a public repository, to a private one\n"
        TABLE.write_text(head + yaml.safe_dump(found, width=200))
    assert yaml.safe_load(TABLE.read_text()) == found


def test_by_the_table_nobody_writes_and_strangers_see_nothing_private():
    for where, row in yaml.safe_load(TABLE.read_text()).items():
        public, private = row.split()
        nobody, stranger, *_rest, elsewhere = private
        assert (nobody, stranger, elsewhere) == ("-", "-", "-"), where
        method = where.split()[0]
        reads = "paths-info" in where or "upload-pack" in where
        if method not in ("GET", "HEAD") and not reads:
            assert public[0] == "-", where
