"""The doors: what a client hears when a commons, and not it, decides."""

import subprocess
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError
from sqlalchemy import update

from iriai.base.opening import opened
from iriai.commons.charter import presets, register
from iriai.commons.membership.tables import Member
from iriai.commons.queries import commons
from iriai.identity import queries as identity
from iriai.identity.tables import Membership
from iriai.settings import Settings
from tests.support.server import living


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A hub with a university's commons `lab`; ada, its founder, is still its administrator."""
    folder = tmp_path_factory.mktemp("lab")
    hub = living(folder / "hub")
    hub.run("org", "add", "lab", "--member", "ada:admin")
    data = Path(hub.server_env["IRIAI_DATA"])
    with opened(Settings(data=data)) as ground, ground.write() as tx:
        named = commons(tx, "lab")
        register.enter(tx, named.id, presets.text("university", "lab"), decision="founding")
        ada = identity.account(tx, "ada")
        tx.session.add(
            Member(
                commons_id=named.id,
                account_id=ada.id,
                kind="person",
                state="member",
                is_founder=True,
                since=tx.now,
                state_at=tx.now,
            )
        )
        tx.connection.execute(update(Membership).values(role="admin"))
        tx.record(named.id, "system:test", "founded", "charter/lab")
    yield hub
    hub.stop()


def refused(call, *given, **more):
    with pytest.raises(HfHubHTTPError) as refusal:
        call(*given, **more)
    assert refusal.value.response.status_code == 403
    said = str(refusal.value)
    assert "/commons/lab/proposals/new?action=resource." in said
    return said


def test_huggingface_hub_shows_the_rule_and_where_to_propose(lab, tmp_path):
    api = HfApi(lab.url, token=lab.token)
    api.create_repo("lab/tiny")
    api.upload_file(path_or_fileobj=b"a", path_in_repo="a.txt", repo_id="lab/tiny")
    assert "delete" in refused(api.delete_repo, "lab/tiny")
    assert "move" in refused(api.move_repo, "lab/tiny", "ada/tiny")
    assert "visibility" in refused(api.update_repo_settings, "lab/tiny", private=True)
    assert "read" in refused(api.update_repo_settings, "lab/tiny", gated="auto")
    assert "history" in refused(api.super_squash_history, "lab/tiny")
    api.create_tag("lab/tiny", tag="v1")
    assert "history" in refused(api.delete_tag, "lab/tiny", tag="v1")
    api.create_branch("lab/tiny", branch="side")
    api.upload_file(path_or_fileobj=b"b", path_in_repo="b", repo_id="lab/tiny", revision="side")
    assert "history" in refused(api.delete_branch, "lab/tiny", branch="side")


def test_git_cannot_rewrite_what_the_commons_holds(lab, tmp_path):
    api = HfApi(lab.url, token=lab.token)
    api.create_repo("lab/pushed")
    address = f"{lab.url}/lab/pushed".replace("://", f"://ada:{lab.token}@")

    def git(*words, folder=tmp_path / "clone"):
        command = ["git", "-c", "user.name=ada", "-c", "user.email=a@b.c", *words]
        return subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=60
        )

    git("clone", "-q", address, "clone", folder=tmp_path)
    (tmp_path / "clone" / "a.txt").write_text("a")
    git("add", ".")
    git("commit", "-qm", "a")
    assert git("push", "origin", "HEAD:main").returncode == 0
    git("commit", "-q", "--amend", "-m", "other")
    for refspec in ("+HEAD:main", ":refs/heads/main"):
        done = git("push", "origin", refspec)
        assert done.returncode != 0, refspec
    assert "history" in git("push", "origin", "+HEAD:main").stderr
