"""What is private is not told from what is missing: same status, same body, same set of headers."""

import os

import pytest
from tests.api.conftest import Door
from tests.support import addresses, schema

import iriai.api
import iriai.web.pages
from iriai import app
from iriai.api.door import SESSION_COOKIE
from iriai.api.limits import Limits
from iriai.base.opening import opened
from iriai.buckets import actions as buckets
from iriai.commons import enactment
from iriai.identity import actions as identity
from iriai.identity import admission, queries
from iriai.identity.rules import OPERATOR, Role
from iriai.repos import queries as repos
from iriai.settings import Settings

LONG = os.environ.get("IRIAI_TEST_LONG") == "1"
VARIES = ("date", "x-request-id")
JUDGED_LEAST = 80

URLS = [
    ("GET", "/api/models/{}"),
    ("GET", "/api/models/{}/revision/main"),
    ("GET", "/api/models/{}/tree/main"),
    ("GET", "/api/models/{}/commits/main"),
    ("GET", "/api/models/{}/refs"),
    ("POST", "/api/models/{}/paths-info/main"),
    ("POST", "/api/models/{}/preupload/main"),
    ("POST", "/api/models/{}/commit/main"),
    ("POST", "/api/models/{}/branch/x"),
    ("DELETE", "/api/models/{}/branch/x"),
    ("POST", "/api/models/{}/tag/x"),
    ("PUT", "/api/models/{}/settings"),
    ("POST", "/api/models/{}/super-squash/main"),
    ("POST", "/api/models/{}/duplicate"),
    ("GET", "/api/models/{}/auth-check"),
    ("GET", "/api/models/{}/auth-check/write"),
    ("GET", "/api/models/{}/lfs-files"),
    ("GET", "/api/models/{}/xet-read-token/main"),
    ("GET", "/api/models/{}/xet-write-token/main"),
    ("GET", "/{}/resolve/main/config.json"),
    ("HEAD", "/{}/resolve/main/config.json"),
    ("GET", "/{}/raw/main/config.json"),
    ("POST", "/{}.git/info/lfs/objects/batch"),
    ("GET", "/{}.git/info/refs?service=git-upload-pack"),
    ("GET", "/{}.git/info/refs?service=git-receive-pack"),
    ("GET", "/{}"),
    ("GET", "/{}/tree/main"),
    ("GET", "/{}/blob/main/config.json"),
    ("GET", "/{}/commits/main"),
]
BODIES = {
    "batch": {"operation": "download", "objects": [{"oid": "a" * 64, "size": 1}]},
    "preupload": {"files": []},
    "tag": {"tag": "x"},
    "duplicate": {"repository": "bob/copy"},
    "settings": {"private": False},
}


def body_for(url):
    for word, body in BODIES.items():
        if f"/{word}" in url:
            return body
    return {}


@pytest.fixture(scope="module")
def secret(tmp_path_factory):
    """The app with one private repository, and a stranger's token; what is refused changes none."""
    data = schema.newest_sqlite(tmp_path_factory.mktemp("secret") / "data")
    with opened(Settings(data=data)) as ground:
        doors = Door(ground, app.hub(ground))
        doors.hub.limits = Limits(enforced=False)
        ada, _ = doors.person("ada")
        doors.tokens["stranger"] = doors.person("bob")[1]
        doors.repo(ada, "secret", visibility="private")
        yield doors


@pytest.mark.parametrize("who", ["nobody", "stranger"])
@pytest.mark.parametrize(("method", "url"), URLS)
def test_private_and_missing_look_alike(secret, method, url, who):
    doors, stranger = secret, secret.tokens["stranger"]
    more = {"token": stranger} if who == "stranger" else {}
    more |= {"body": body_for(url)} if method in ("POST", "PUT") else {}
    more |= {"headers": {"X-Request-Id": "same"}}
    hidden = doors.ask(method, url.format("ada/secret"), **more)
    missing = doors.ask(method, url.format("ada/absent"), **more)
    assert hidden.status == missing.status
    assert hidden.status in (401, 403, 404)
    assert hidden.body.replace(b"secret", b"absent") == missing.body
    assert set(hidden.headers) == set(missing.headers)
    assert b"secret" not in hidden.body or b"<html" in hidden.body
    if url.startswith("/api/models/{}"):
        assert b"absent" not in missing.body


def told_of(doors, method, url, who):
    """What can be told of an answer."""
    more = {} if method in ("GET", "HEAD") else {"body": addresses.body_for(url)}
    answer = doors.ask(method, url, token=who, headers={"X-Request-Id": "same"}, **more)
    headers = {name: value for name, value in answer.headers.items() if name not in VARIES}
    return answer.status, answer.body, headers


def test_on_every_route_a_name_without_an_owner_is_a_missing_repository(secret):
    """The clients' own tests and old code ask for `gpt2`; only the error's code tells them."""
    judged = 0
    askers = ["", secret.tokens["stranger"], "hf_" + "x" * 34]
    for path, method in sorted(addresses.declared(iriai.api)):
        if addresses.kind_of(path) is None or "/{owner}/{name}" not in path:
            continue
        short = addresses.url_of(path.replace("/{owner}/", "/", 1), {"name": "absent"})
        full = addresses.url_of(path, {"owner": "ada", "name": "absent"})
        for who in askers:
            alone, missing = (told_of(secret, method, url, who) for url in (short, full))
            code = alone[2].get("x-error-code")
            assert code in ("RepoNotFound", "Unauthenticated"), (method, short, alone)
            if alone != missing:  # read as `owner/word`: just as missing, in a place of its own
                assert code == "RepoNotFound", (method, short, alone, missing)
                assert method in ("GET", "HEAD"), (method, short, alone, missing)
            judged += 1
    assert judged > JUDGED_LEAST


@pytest.fixture
def hidden_things(doors):
    """A private thing of each kind, named `secret-…`; then nobody, and a stranger in two ways."""
    doors.hub.limits = Limits(enforced=False)
    ada, _ = doors.person("ada")
    _, stranger = doors.person("bob")
    for kind in addresses.KINDS:
        more = {"sdk": "static"} if kind == "space" else {}
        doors.repo(ada, f"secret-{kind}", kind=kind, visibility="private", **more)
    with doors.ground.write() as tx:
        buckets.create(tx, ada, owner="ada", name="secret-bucket", is_private=True)
        session = admission.open_session(tx, queries.person(tx, "bob")).raw
    cookie = {"Cookie": f"{SESSION_COOKIE}={session}"}
    return [{}, {"token": stranger}, {"headers": cookie}]


def answered(doors, path, method, word, who):
    """What can be told of an answer, with the name that was asked for taken out of it."""
    kind = addresses.kind_of(path)
    names = {
        "owner": "ada",
        "namespace": "ada",
        "name": f"{word}-{kind}",
        "bucket": f"{word}-bucket",
    }
    more = {} if method in ("GET", "HEAD") else {"body": addresses.body_for(path)}
    headers = {"X-Request-Id": "same"} | who.get("headers", {})
    answer = doors.ask(
        method, addresses.url_of(path, names), token=who.get("token", ""), headers=headers, **more
    )
    told = {name: value for name, value in answer.headers.items() if name not in VARIES}
    told = {name: value.replace(word, "named") for name, value in told.items()}
    return answer.status, answer.body.replace(word.encode(), b"named"), told


@pytest.mark.parametrize("door", [iriai.api, iriai.web.pages], ids=["api", "web"])
def test_on_no_route_at_all_private_and_missing_are_told_apart(doors, hidden_things, door):
    judged = 0
    for path, method in sorted(addresses.declared(door)):
        kind = addresses.kind_of(path)
        if kind is None or not (LONG or kind in ("model", "bucket")):
            continue
        for who in hidden_things:
            hidden, missing = (
                answered(doors, path, method, word, who) for word in ("secret", "absent")
            )
            assert hidden == missing, (method, path, who)
            judged += 1
    assert judged > JUDGED_LEAST


def test_a_moved_private_repository_leads_nobody_to_its_new_name(doors):
    ada, token = doors.person("ada")
    _, stranger = doors.person("bob")
    doors.repo(ada, "old-name", visibility="private")
    moved = doors.ask(
        "POST",
        "/api/repos/move",
        token=token,
        body={"fromRepo": "ada/old-name", "toRepo": "ada/new-name", "type": "model"},
    )
    assert moved.status == 200
    url = "/ada/old-name/resolve/main/config.json?x=1"
    assert doors.ask("HEAD", url, token=stranger).status == 404
    assert doors.ask("HEAD", url).status == 401
    led = doors.ask("HEAD", url, token=token)
    assert led.status == 307
    assert led.headers["location"] == "/ada/new-name/resolve/main/config.json?x=1"
    api = doors.ask("GET", "/api/models/ada/old-name", token=token)
    assert (api.status, api.headers["location"]) == (307, "/api/models/ada/new-name")


def test_a_name_whose_repository_moved_out_of_sight_is_refused_as_a_deleted_ones(doors):
    """Its former owner does not learn whether it is still there."""
    ada, raw = doors.person("ada")
    bob, _ = doors.person("bob")
    with doors.ground.write() as tx:
        identity.add_organisation(
            tx, OPERATOR, name="lab", members={"ada": Role.ADMIN, "bob": Role.ADMIN}
        )
    for name in ("away", "gone"):
        doors.repo(ada, name)
    with doors.ground.write() as tx:
        ada = queries.actor_named(tx, "ada")
        away = repos.repo(tx, ada, "model", "ada/away")
        enactment.move_repository(tx, ada, away, to_owner="lab", to_name="away")
        enactment.delete_repository(tx, ada, repos.repo(tx, ada, "model", "ada/gone"))

    def ask(name):
        return doors.ask("POST", "/api/repos/create", token=raw, body={"name": name})

    assert ask("away").status == 409
    assert ask("away").json["url"].endswith("/lab/away")
    with doors.ground.write() as tx:
        bob = queries.actor_named(tx, "bob")
        moved = repos.repo(tx, bob, "model", "lab/away")
        enactment.change_settings(tx, bob, moved, visibility="private")
        identity.set_role(tx, bob, organisation="lab", person="ada", role=None)
    away, gone = ask("away"), ask("gone")
    assert away.status == gone.status == 400
    assert away.json["error"].replace("away", "gone") == gone.json["error"]
    assert away.json.keys() == gone.json.keys()
