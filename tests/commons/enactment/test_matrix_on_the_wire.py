"""Who may do what at the doors: every act, by everybody, over HTTP and git, as the charter says.

One live hub with three commons. Every person of the table tries every act on every one of them; the
table of who is let through is written here, from the charters' own words.
"""

import base64
import itertools
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from iriai.base.opening import opened
from iriai.commons import actions as founding
from iriai.commons import enactment
from iriai.commons import queries as commons_queries
from iriai.commons.charter import powers as charters
from iriai.commons.charter import presets
from iriai.commons.charter.rules import Action
from iriai.commons.enactment import people
from iriai.commons.membership import powers
from iriai.commons.proposals import actions as proposals
from iriai.commons.proposals.actions import Motion
from iriai.identity import actions as identity
from iriai.identity import admission
from iriai.identity import queries as accounts
from iriai.identity.rules import OPERATOR, Reach, Role
from iriai.repos import actions as repos
from iriai.repos.actions import Add
from iriai.repos.rules import HeldBy
from iriai.settings import Settings
from tests.conftest import LONG
from tests.support.server import LiveHub, state_environment

COLLECTIVE = {"bond": "consortium", "valley": "language-community"}
if LONG:
    COLLECTIVE |= {"faculty": "university", "office": "agency"}
PEOPLE = (
    "visitor",
    "applicant",
    "member",
    "elector",
    "emeritus",
    "suspended",
    "expelled",
    "steward",
    "maintainer",
    "former-admin",
    "operator",
)
ACTS: dict[str, Action | None] = {
    "create_repo": Action.RESOURCE_CREATE,
    "delete_repo": Action.RESOURCE_DELETE,
    "move_repo": Action.RESOURCE_TRANSFER,
    "hide": Action.RESOURCE_VISIBILITY,
    "gate": Action.RESOURCE_GATE,
    "upload_file": Action.RESOURCE_MERGE,
    "merge_pull_request": Action.RESOURCE_MERGE,
    "create_branch": None,
    "delete_branch": None,
    "create_tag": None,
    "delete_tag": None,
    "super_squash": None,
}
MEMBERS = frozenset({"member", "elector", "steward", "maintainer", "former-admin"})
KEPT = frozenset({"delete_branch", "delete_tag", "super_squash"})
"""What would change the past, which a commons keeps whoever asks."""

NEW = frozenset({"create_branch", "create_tag"})


def expected(charter, person, act):
    """Whether the charter lets this person do this alone."""
    if act in KEPT or person not in MEMBERS:
        return False
    looks_after = person in ("steward", "maintainer")
    if act in NEW:
        return looks_after  # whoever writes
    way = charter.procedure(ACTS[act])
    if way is None or way.path != "at_once":
        return False
    return {"members": True, "maintainers": looks_after, "stewards": person == "steward"}.get(
        str(way.who), False
    )


def named(person):
    """The name of somebody's account; some of the plain words are reserved."""
    return f"some-{person}"


@dataclass
class World:
    """The hub, whose people have a token each, and what they try things on."""

    hub: LiveHub
    tokens: dict[str, str] = field(default_factory=dict)
    pulls: dict[str, "itertools.count[int]"] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self):
        self.client = httpx.Client(base_url=self.hub.url)

    def send(self, person, method, path, body=None, *, lines=None):
        token = self.tokens.get(person)
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        if lines is not None:
            content = "\n".join(json.dumps(each) for each in lines)
            headers["content-type"] = "application/x-ndjson"
            return self.client.request(method, path, content=content, headers=headers)
        return self.client.request(method, path, json=body, headers=headers)

    def attempt(self, person, commons, act, pull):
        """Try one act on a commons' model `tiny`, as this person."""
        number = next(self.numbers)
        repo, model = f"{commons}/tiny", f"/api/models/{commons}/tiny"
        moved = {"fromRepo": repo, "toRepo": f"{commons}/other", "type": "model"}
        calls = {
            "create_repo": (
                "POST",
                "/api/repos/create",
                {"name": f"made-{number}", "organization": commons, "type": "model"},
            ),
            "delete_repo": (
                "DELETE",
                "/api/repos/delete",
                {"name": "tiny", "organization": commons, "type": "model"},
            ),
            "move_repo": ("POST", "/api/repos/move", moved),
            "hide": ("PUT", f"{model}/settings", {"private": True}),
            "gate": ("PUT", f"{model}/settings", {"gated": "auto"}),
            "merge_pull_request": ("POST", f"{model}/discussions/{pull}/merge", {}),
            "create_branch": ("POST", f"{model}/branch/side-{number}", {}),
            "delete_branch": ("DELETE", f"{model}/branch/kept", None),
            "create_tag": ("POST", f"{model}/tag/main", {"tag": f"v{number}"}),
            "delete_tag": ("DELETE", f"{model}/tag/kept", None),
            "super_squash": ("POST", f"{model}/super-squash/main", {"message": "all of it"}),
        }
        if act == "upload_file":
            return self.commit(person, commons, f"{number}.txt")
        return self.send(person, *calls[act])

    def commit(self, person, commons, path, query=""):
        value = {"path": path, "content": base64.b64encode(path.encode()).decode()}
        value["encoding"] = "base64"
        return self.send(
            person,
            "POST",
            f"/api/models/{commons}/tiny/commit/main{query}",
            lines=[
                {"key": "header", "value": {"summary": "more", "description": ""}},
                {"key": "file", "value": value},
            ],
        )

    def pull(self, commons):
        """A new pull request."""
        made = self.commit("founder", commons, f"{next(self.numbers)}.md", "?create_pr=1")
        assert made.status_code == 200, made.text
        return int(made.json()["pullRequestUrl"].rpartition("/")[2])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("matrix") / "hub"
    given = state_environment("sqlite+disk", folder, is_newest=True)
    hub = LiveHub(folder, settings=given).start()
    made = World(hub)
    data = Path(hub.server_env["IRIAI_DATA"])
    try:
        with opened(Settings(data=data, base_url=hub.url)) as ground:
            _people(ground, made)
            for name, preset in COLLECTIVE.items():
                _collective(ground, made, name, preset)
            _owned(ground, made)
        yield made
    finally:
        made.client.close()
        hub.stop()


def _people(ground, world):
    with ground.write() as tx:
        link = identity.first_invite(tx)
    identity.sign_up(ground, name=named("operator"), password="correct horse battery", link=link)
    for name in (*PEOPLE, "founder", "reader", "contributor", "writer", "admin"):
        if name not in ("visitor", "operator"):
            identity.add_person(ground, OPERATOR, name=named(name))
        if name != "visitor":
            with ground.write() as tx:
                minted = admission.mint_token(
                    tx, OPERATOR, name="matrix", role=Reach.WRITE, person=named(name)
                )
                world.tokens[name] = minted.raw
                world.ids[name] = accounts.account(tx, named(name)).id


def _actor(tx, name):
    return accounts.actor_named(tx, named(name))


def _collective(ground, world, name, preset):
    """A commons that its owners have left to its members, with somebody of every state."""
    ids, by = world.ids, "system:test"
    with ground.write() as tx:
        founded = founding.found_organisation(
            tx, _actor(tx, "founder"), name=name, members={named("former-admin"): Role.ADMIN}
        )
    commons = founded.commons_id
    with ground.write() as tx:
        charters.adopt(tx, commons, presets.text(preset, name), decision="founding")
        powers.found(tx, by, commons)
    with ground.read() as tx:
        founder = _actor(tx, "founder")
    repo = repos.create(
        ground, founder, kind="model", owner=name, name="tiny", held_by=HeldBy.COMMONS
    )  # an agency lets nobody make one alone
    with ground.write() as tx:
        powers.seat(tx, by, commons, "maintainer", ids["founder"], repo_id=repo.id)
    with ground.read() as tx:
        founder = _actor(tx, "founder")
    card = [Add("README.md", b"# Tiny\n")]
    enactment.commit(ground, founder, repo, operations=card, title="card")
    with ground.write() as tx:
        people.apply(tx, _actor(tx, "applicant"), commons, text="Let me in.")
        for each in ("elector", "steward", "maintainer", "emeritus", "suspended", "expelled"):
            powers.admit(tx, by, commons, ids[each], is_founder=True)
        powers.admit(tx, by, commons, ids["member"])
        powers.seat(tx, by, commons, "steward", ids["steward"])
        powers.seat(tx, by, commons, "maintainer", ids["maintainer"], repo_id=repo.id)
        powers.retire(tx, by, commons, ids["emeritus"])
        powers.suspend(tx, by, commons, ids["suspended"], None)
        powers.expel(tx, by, commons, ids["expelled"])
    _marked(world, name)


def _owned(ground, world):
    """An organisation whose owners decide."""
    roles = {"reader": Role.READ, "contributor": Role.CONTRIBUTOR, "writer": Role.WRITE}
    roles |= {"admin": Role.ADMIN}
    with ground.write() as tx:
        founding.found_organisation(
            tx,
            _actor(tx, "founder"),
            name="firm",
            members={named(each): role for each, role in roles.items()},
        )
    with ground.read() as tx:
        founder = _actor(tx, "founder")
    repo = enactment.create_repository(ground, founder, kind="model", owner="firm", name="tiny")
    enactment.commit(ground, founder, repo, operations=[Add("README.md", b"# T\n")], title="card")


def _marked(world, name):
    """A tag, and a branch that has what main has not."""
    model = f"/api/models/{name}/tiny"
    assert world.send("founder", "POST", f"{model}/tag/main", {"tag": "kept"}).is_success
    assert world.send("founder", "POST", f"{model}/branch/kept", {}).is_success
    value = {"path": "side.txt", "content": "YQ==", "encoding": "base64"}
    lines = [
        {"key": "header", "value": {"summary": "side", "description": ""}},
        {"key": "file", "value": value},
    ]
    assert world.send("founder", "POST", f"{model}/commit/kept", lines=lines).is_success


@pytest.mark.parametrize("commons", COLLECTIVE)
def test_over_http_everybody_does_what_the_charter_says_and_nothing_else(world, commons):
    charter = presets.charter(COLLECTIVE[commons], commons)
    wrong, unsaid = [], []
    waiting = world.pull(commons)
    for person in PEOPLE:
        for act, action in ACTS.items():
            due = expected(charter, person, act)
            pull = world.pull(commons) if due and act == "merge_pull_request" else waiting
            answer = world.attempt(person, commons, act, pull)
            if answer.is_success != due:
                wrong.append((person, act, answer.status_code, answer.text[:200]))
            elif not due:
                refusal = 401 if person == "visitor" else 403
                if answer.status_code != refusal:
                    wrong.append((person, act, answer.status_code, answer.text[:200]))
                if person in MEMBERS and action is not None:
                    said = answer.headers.get("x-error-message", "")
                    at = f"/commons/{commons}/proposals/new?action=resource."
                    if at not in said or "charter" not in said:
                        unsaid.append((person, act, said))
    assert wrong == []
    assert unsaid == []
    facts = world.send("visitor", "GET", f"/api/models/{commons}/tiny").json()
    assert (facts["private"], facts["gated"], facts["id"]) == (False, False, f"{commons}/tiny")


@pytest.mark.parametrize("commons", COLLECTIVE)
def test_over_http_members_propose_second_object_and_vote_and_nobody_else(world, commons):
    """What members do about decisions; a vote is for electors, so for whose kind has one."""
    charter = presets.charter(COLLECTIVE[commons], commons)
    people_vote = charter.members.kinds.person > 0
    electors = MEMBERS - {"member"} if charter.members.elector_after_days else MEMBERS
    running, voted = _asked(world, commons)
    where = f"/api/commons/{commons}/proposals"
    relicense = {"repo": f"{commons}/tiny", "licence": "mit"}
    wrong = []
    for person in PEOPLE:
        takes_part, votes = person in MEMBERS, people_vote and person in electors
        for what, due, path, body in (
            ("propose", takes_part, "", {"action": "statement", "payload": {"text": "Tea."}}),
            ("propose", takes_part, "", {"action": "resource.relicense", "payload": relicense}),
            ("expel", False, "", {"action": "member.expel", "payload": {"name": named("member")}}),
            ("second", takes_part, f"/{running}/second", {}),
            ("vote", votes, f"/{voted}/vote", {"marks": [1, 2]}),
            ("vote", False, f"/{running}/vote", {"marks": [1, 2]}),
            ("object", takes_part, f"/{running}/object", {"reason": "It costs us a summer."}),
        ):
            answer = world.send(person, "POST", where + path, body)
            refusals = {401} if person == "visitor" else {403}
            if takes_part or what == "vote":
                refusals |= {409}  # there is no vote on what is not put to one
            right = answer.is_success if due else answer.status_code in refusals
            if not right:
                wrong.append((person, what, answer.status_code, answer.text[:200]))
    assert wrong == []


def _asked(world, commons):
    """A proposal by the founder that waits, and one on which the vote is open."""
    data = Path(world.hub.server_env["IRIAI_DATA"])
    said = {"action": Action.STATEMENT, "payload": {"text": "Tea."}, "words": "Say: Tea."}
    with opened(Settings(data=data, base_url=world.hub.url)) as ground, ground.write() as tx:
        commons_id = commons_queries.commons(tx, commons).id
        tea, vote = Motion(title="Tea", **said), Motion(title="Vote", procedure="people", **said)
        waits = proposals.propose(tx, _actor(tx, "founder"), commons_id, tea)
        asked = proposals.call(tx, commons_id, vote)
        assert (waits.state, asked.state) == ("open", "voting")
        return waits.number, asked.number


OWNERS = {
    "visitor": (),
    "elector": (),
    "reader": (),
    "contributor": ("create_repo",),
    "writer": ("create_repo", "upload_file", "merge_pull_request", "hide", "gate"),
    "operator": (),
    "admin": (
        "create_repo",
        "upload_file",
        "merge_pull_request",
        "gate",
        "hide",
        "move_repo",
        "delete_repo",
    ),
}
"""Under `owners` roles rule the everyday; what cannot be undone takes an administrator."""

ORDER = ("create_repo", "upload_file", "merge_pull_request", "gate", "hide")


@pytest.mark.parametrize("person", OWNERS)
def test_under_owners_roles_rule_the_everyday(world, person):
    for act in (*ORDER, "move_repo", "delete_repo"):  # the last one ends it: admin comes last
        due = act in OWNERS[person]
        pull = world.pull("firm") if act == "merge_pull_request" else 0
        answer = world.attempt(person, "firm", act, pull)
        assert answer.is_success == due, (act, answer.status_code, answer.text[:300])
        if due and act in ("hide", "gate"):
            back = {"private": False} if act == "hide" else {"gated": False}
            put = world.send("founder", "PUT", "/api/models/firm/tiny/settings", back)
            assert put.is_success, put.text
        if due and act == "move_repo":
            back = {"fromRepo": "firm/other", "toRepo": "firm/tiny", "type": "model"}
            world.send("founder", "POST", "/api/repos/move", back)


@pytest.mark.parametrize(
    "person", PEOPLE if LONG else ("visitor", "elector", "maintainer", "suspended")
)
def test_git_pushes_to_main_by_whom_the_charter_lets_merge(world, person, tmp_path):
    charter = presets.charter("consortium", "bond")
    place = tmp_path / "clone"
    address = f"{world.hub.url}/bond/tiny"
    if person != "visitor":
        address = address.replace("://", f"://{named(person)}:{world.tokens[person]}@")

    def git(*words):
        command = ["git", "-C", str(place), "-c", "user.name=x", "-c", "user.email=a@b.c", *words]
        environment = {"PATH": "/usr/bin:/bin", "GIT_TERMINAL_PROMPT": "0", "HOME": str(tmp_path)}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60, env=environment
        )

    place.mkdir()
    git("clone", "-q", f"{world.hub.url}/bond/tiny", ".")
    (place / f"{person}.txt").write_text(person)
    git("add", ".")
    git("commit", "-qm", "more")
    pushed = git("push", address, "HEAD:main")
    due = expected(charter, person, "upload_file")
    assert (pushed.returncode == 0) == due, pushed.stderr
    if person == "elector":
        assert "proposals/new?action=resource.merge" in pushed.stderr
    git("commit", "-q", "--amend", "-m", "other")
    assert git("push", address, "+HEAD~1:main").returncode != 0
