"""A commons that shares out storage: what goes over a limit is refused at every door, in words."""

import os
import subprocess
from hashlib import sha256

import httpx
import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import disable_progress_bars
from sqlalchemy import select

from iriai.base.opening import open_ground
from iriai.blobs.tables import RepoObject
from iriai.commons import queries as commons
from iriai.commons.enactment import storage
from iriai.commons.pot import powers
from iriai.repos.tables import RepoRow
from iriai.settings import load
from tests.support.git import Git, url_of

disable_progress_bars()
CAPACITY = 10_000_000
FLOOR = 3_000_000  # of the preset `owners`, whose only member is Ada
OVER, FITTING = 4_000_000, 1_000_000


@pytest.fixture(scope="module")
def api(hub):
    """Ada, who administers the lab, which shares out ten megabytes."""
    hub.run("org", "add", "lab", "--member", "ada:admin")
    ground = open_ground(load(environ=hub.server_env))
    with ground.write() as tx:
        lab = commons.commons(tx, "lab")
        powers.declare(
            tx,
            "system:test",
            lab.id,
            "lab",
            unit="bytes_logical",
            by="ETH",
            amount=CAPACITY,
            cited={"decision": "lab/1"},
        )
        storage.refresh(tx, lab.id)
    ground.engine.dispose()
    return HfApi(endpoint=hub.url, token=hub.token)


@pytest.fixture
def repo(api, request):
    name = f"lab/r{abs(hash(request.node.nodeid)) % 10**8}"
    api.create_repo(name)
    yield name
    api.delete_repo(name)


def require_said(hub, text):
    """It names the limit, what is used, and where to ask."""
    assert "The limit of ada in lab is 3 MB (bytes logical)" in text
    assert " used" in text
    assert f"{hub.url}/commons/lab/pot" in text


def send(api, repo, size, name="model.safetensors"):
    operation = CommitOperationAdd(name, os.urandom(size))
    return api.create_commit(repo, [operation], commit_message="More")


@pytest.mark.filterwarnings("ignore:Use 'content=")  # of huggingface_hub, by the plain way
@pytest.mark.parametrize("way", ["xet", "lfs"])
def test_a_large_file_that_does_not_fit_is_refused_before_it_is_sent(
    hub, api, repo, way, monkeypatch
):
    if way == "lfs":
        monkeypatch.setattr("huggingface_hub._commit_api.is_xet_available", lambda: False)
    with pytest.raises(HfHubHTTPError) as refused:
        send(api, repo, OVER)
    assert refused.value.response.status_code == 413
    require_said(hub, str(refused.value))
    assert held(hub, repo) == 0
    send(api, repo, FITTING)
    assert held(hub, repo) == 1


def held(hub, repo):
    ground = open_ground(load(environ=hub.server_env))
    with ground.read() as tx:
        mine = select(RepoRow.id).where(RepoRow.name == repo.partition("/")[2])
        found = tx.connection.execute(select(RepoObject).where(RepoObject.repo_id.in_(mine))).all()
    ground.engine.dispose()
    return len(found)


def test_small_files_add_up_to_the_limit_and_deleting_is_always_possible(hub, api, repo):
    for number in range(3):
        part = os.urandom(900_000).hex()[:900_000].encode()
        api.create_commit(
            repo, [CommitOperationAdd(f"part-{number}.txt", part)], commit_message="A part"
        )
    more = CommitOperationAdd("more.txt", os.urandom(2_000_000).hex().encode())
    with pytest.raises(HfHubHTTPError) as refused:
        api.create_commit(repo, [more], commit_message="Too much")
    assert refused.value.response.status_code == 413
    require_said(hub, str(refused.value))
    assert "more.txt" not in api.list_repo_files(repo)
    api.delete_file("part-0.txt", repo)


def test_who_was_sent_a_token_before_cannot_send_more_than_fits(hub, api, repo):
    """The store's own door is asked too, by a client that skips the questions before."""
    token = httpx.get(
        f"{hub.url}/api/models/{repo}/xet-write-token/main",
        headers={"Authorization": f"Bearer {hub.token}"},
    ).json()
    refused = httpx.post(
        f"{token['casUrl']}/v1/xorbs/default/{'0' * 64}",
        headers={"Authorization": f"Bearer {token['accessToken']}"},
        content=b"\0" * OVER,
    )
    assert refused.status_code == 413
    require_said(hub, refused.json()["error"])


def test_two_objects_that_fit_alone_but_not_together_are_not_both_taken(hub, api, repo):
    """Each was promised its place before the other came."""
    contents = [os.urandom(2_000_000) for _ in range(2)]
    answers = []
    for url, content in [(batch(hub, repo, each), each) for each in contents]:
        answers.append(httpx.put(url, content=content))
    assert [each.status_code for each in answers] == [200, 413]
    require_said(hub, answers[1].json()["error"])
    with pytest.raises(AssertionError, match="limit of ada in lab is 3 MB"):
        batch(hub, repo, contents[1])


def batch(hub, repo, content):
    """Where git-lfs would send an object, or what it would show."""
    named = {"oid": sha256(content).hexdigest(), "size": len(content)}
    said = httpx.post(
        f"{hub.url}/{repo}.git/info/lfs/objects/batch",
        auth=("ada", hub.token),
        json={"operation": "upload", "objects": [named]},
    ).json()
    assert "objects" in said, said["message"]
    return said["objects"][0]["actions"]["upload"]["href"]


def test_a_push_that_does_not_fit_is_refused_in_words(hub, api, repo, tmp_path):
    git = Git(tmp_path, hub.env)
    git = git.clone(url_of(hub, repo), "work")
    git.write("large.txt", os.urandom(OVER))
    git("config", "user.email", "ada@example.org")
    git("config", "user.name", "ada")
    git("add", "-A")
    git("commit", "-q", "-m", "Too much")
    pushed = git("push", "origin", "HEAD:main", check=False)
    assert pushed.returncode != 0
    require_said(hub, pushed.stderr)


def test_a_bucket_is_refused_what_does_not_fit_and_counts(hub, api, repo, tmp_path):
    api.create_bucket("lab/runs")
    (tmp_path / "small.bin").write_bytes(os.urandom(2_500_000))
    (tmp_path / "large.bin").write_bytes(os.urandom(OVER))
    with pytest.raises(Exception, match="limit of ada in lab") as refused:
        api.batch_bucket_files("lab/runs", add=[(tmp_path / "large.bin", "large.bin")])
    require_said(hub, str(refused.value))
    api.batch_bucket_files("lab/runs", add=[(tmp_path / "small.bin", "small.bin")])
    with pytest.raises(HfHubHTTPError, match="413"):
        send(api, repo, FITTING)
    api.delete_bucket("lab/runs")
    send(api, repo, FITTING)


def test_what_is_anybodys_own_is_not_limited_by_it(api):
    api.create_repo("ada/own")
    send(api, "ada/own", OVER)


def test_a_copy_of_what_does_not_fit_is_not_made(hub, api):
    refused = subprocess.run(
        ["curl", "-s", "-X", "POST", f"{hub.url}/api/models/ada/own/duplicate",
         "-H", f"Authorization: Bearer {hub.token}", "-H", "Content-Type: application/json",
         "-d", '{"repository": "lab/copy"}'],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    require_said(hub, refused.stdout)
    assert not api.repo_exists("lab/copy")
