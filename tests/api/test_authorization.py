"""Who gets past the door of every API route, as one table (`authorization.yaml` beside this file).

Every route is asked by everyone who might try. `-` is refused (401, 403, or a 404 that does not
know the repository), `.` is another 404, `+` is let in, whatever comes of it. A route that names a
repository or bucket has a word for each state of it: public, private, gated. After a deliberate
change, write the table anew with IRIAI_WRITE_TABLE=1 and read the difference. Without
IRIAI_TEST_LONG=1 it is models that are asked for; the rows of the other kinds stay as they were.
"""

import os
import re
from pathlib import Path

import pytest
import yaml
from tests.support import addresses
from tests.support.addresses import KINDS, OWNER, body_for, kind_of, url_of
from tests.support.asgi import ask

import iriai.api
from iriai.api.door import SESSION_COOKIE
from iriai.api.limits import Limits
from iriai.buckets import actions as buckets
from iriai.identity import actions as identity
from iriai.identity import admission, queries
from iriai.identity.rules import OPERATOR, Act, Grant, Reach, Role

LONG = os.environ.get("IRIAI_TEST_LONG") == "1"
WRITES = os.environ.get("IRIAI_WRITE_TABLE") == "1"
TABLE = Path(__file__).with_name("authorization.yaml")
ASKERS = (
    "anonymous",
    "no_scope",
    "read_public",
    "read_other",
    "write_other",
    "organisation_read",
    "gated_pending",
    "expired",
    "revoked",
    "cookie_only",
)
OWNERS = ("owner_reading", "owner")
STATES = ("public", "private", "gated")
ROUTES = sorted(addresses.declared(iriai.api))


@pytest.fixture
def askers(doors):
    """What everyone shows who may ask: the ten of the table, then the owner with two tokens."""
    ada, owner = doors.person("ada")
    bob, _ = doors.person("bob")
    _, member = doors.person("carol")
    _, waiting = doors.person("dave")
    with doors.ground.write() as tx:
        members = {"ada": Role.ADMIN, "carol": Role.READ}
        identity.add_organisation(tx, OPERATOR, name=OWNER, members=members)
    other = doors.repo(ada, "elsewhere")
    with doors.ground.write() as tx:
        ada, bob = queries.actor_named(tx, "ada"), queries.actor_named(tx, "bob")

        def minted(role, *acts, actor=ada, days=None):
            grants = (Grant(frozenset(acts), repo_id=other.id),) if acts else ()
            name = f"{role}-{len(acts)}-{days}-{actor.name}"
            return admission.mint_token(tx, actor, name=name, role=role, grants=grants, days=days)

        fine = Reach.FINE_GRAINED
        shown = {
            "anonymous": "",
            "no_scope": admission.issue_token(tx, "ada", ada.id, name="none", role=fine).raw,
            "read_public": minted(Reach.READ, actor=bob).raw,
            "read_other": minted(fine, Act.READ).raw,
            "write_other": minted(fine, Act.READ, Act.WRITE, Act.ADMINISTER).raw,
            "organisation_read": member,
            "gated_pending": waiting,
            "owner_reading": minted(Reach.READ).raw,
            "owner": owner,
        }
        gone = admission.mint_token(tx, ada, name="gone", role=Reach.WRITE)
        late = admission.mint_token(tx, ada, name="late", role=Reach.WRITE, days=1)
        session = admission.open_session(tx, queries.person(tx, "ada")).raw
    with doors.ground.write() as tx:
        admission.revoke_tokens(tx, "anyone", [gone.id])
    shown |= {"expired": late.raw, "revoked": gone.raw, "cookie_only": ""}
    return ada, shown, session


def mark(answer, *, names_a_thing):
    """How an answer is written in the table."""
    assert answer.status != 429, "nobody is counted here"
    if answer.status in (401, 403, 501):
        return "-"
    if answer.status == 404 and answer.headers.get("x-error-code") == "RepoNotFound":
        return "-"
    return "." if answer.status == 404 and not names_a_thing else "+"


def asked(doors, route, values, shown, session):
    path, method = route
    url = url_of(path, values)
    body = body_for(path) if method in ("POST", "PUT", "PATCH", "DELETE") else b""
    headers = {"Cookie": f"{SESSION_COOKIE}={session}"} if session else {}
    return ask(doors.hub, method, url, token=shown, body=body, headers=headers)


def fill(doors, ada, clock, kinds):
    """A repository of each kind in each state, and a bucket; dave waits at the gates."""
    for kind in kinds:
        more = {"sdk": "static"} if kind == "space" else {}
        for state in STATES:
            visibility = "private" if state == "private" else "public"
            made = doors.repo(
                ada, f"{state}-{kind}", kind=kind, owner=OWNER, visibility=visibility, **more
            )
            if state == "gated":
                url = f"/api/{kind}s/{made.full_name}"
                owner = doors.tokens["owner"]
                doors.ask("PUT", f"{url}/settings", token=owner, body={"gated": "manual"})
                asking = doors.tokens["gated_pending"]
                doors.ask("POST", f"{url}/ask-access", token=asking, body={})
    with doors.ground.write() as tx:
        for state in STATES[:2]:
            buckets.create(
                tx, ada, owner=OWNER, name=f"{state}-bucket", is_private=state == "private"
            )
    clock.advance(days=2)


def test_the_table_says_who_gets_past_every_door(doors, askers, clock):
    ada, shown, session = askers
    doors.tokens = shown
    doors.hub.limits = Limits(enforced=False)
    kinds = KINDS if LONG else KINDS[:1]
    fill(doors, ada, clock, kinds)
    found = {}
    for path, method in ROUTES:
        kind = kind_of(path)
        if kind not in (*kinds, "bucket", None):
            continue
        states = {None: ("",), "bucket": STATES[:2]}.get(kind, STATES)
        everyone = (*ASKERS, *OWNERS) if kind in KINDS else ASKERS
        row = []
        for state in states:
            word = ""
            for who in everyone:
                values = {"name": f"{state}-{kind}", "bucket": f"{state}-bucket"} if kind else {}
                cookie = session if who == "cookie_only" else ""
                answer = asked(doors, (path, method), values, shown[who], cookie)
                word += mark(answer, names_a_thing=kind is not None)
            row.append(word)
        found[f"{method} {path}"] = " ".join(row)
    if WRITES:
        every = {f"{method} {path}" for path, method in ROUTES}
        kept = yaml.safe_load(TABLE.read_text()) | found
        kept = {where: row for where, row in kept.items() if where in every}
        head = f"# Who gets in: {', '.join(ASKERS)} (then {', '.join(OWNERS)} of a repository),\n"
        head += "# to what is public, private and gated. See test_authorization.py.\n"
        TABLE.write_text(head + yaml.safe_dump(kept, width=200))
    table = yaml.safe_load(TABLE.read_text())
    assert {where: row for where, row in table.items() if where in found} == found
    assert LONG is False or set(table) == set(found)


def test_every_route_is_in_the_table():
    table = yaml.safe_load(TABLE.read_text())
    assert sorted(table) == sorted({f"{method} {path}" for path, method in ROUTES})


def test_every_kind_has_the_same_doors():
    table = yaml.safe_load(TABLE.read_text())
    for where, row in table.items():
        for kind in ("datasets", "spaces"):
            assert table.get(where.replace(f"/api/{kind}/", "/api/models/"), row) == row, where


def links_to_a_file(method, path):
    """Whether this is what a page's download link leads to, where a session counts."""
    return method in ("GET", "HEAD") and re.search(r"/(resolve|raw)/", path) is not None


def test_by_the_table_no_one_gets_further_than_they_should():
    for where, row in yaml.safe_load(TABLE.read_text()).items():
        method, path = where.split()
        kind = kind_of(path)
        words = [dict(zip(ASKERS, word, strict=False)) for word in row.split()]
        for word in words:
            assert word["expired"] != "+" or word["anonymous"] == "+", where
            assert word["revoked"] != "+" or word["anonymous"] == "+", where
            assert word["cookie_only"] == word["anonymous"] or links_to_a_file(method, path), where
        if kind is None:
            continue
        private = words[1]
        reads = "paths-info" in path or "upload-pack" in path or method in ("GET", "HEAD")
        for who in ASKERS:
            may = who == "organisation_read"
            may |= who == "cookie_only" and links_to_a_file(method, path)
            assert may or private[who] == "-", (where, who)
        if not reads:
            assert words[0]["anonymous"] == "-", where
