"""A charter's repository as clients meet it: they read and propose, and main stays as decided."""

import sys
import time
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import disable_progress_bars

from tests.support.git import Git, url_of

disable_progress_bars()
CHARTER = "lab/charter"
SECONDS_MAX = 180


@pytest.fixture(scope="module")
def api(hub):
    """Ada, who administers the lab; the worker has published its charter."""
    hub.run("org", "add", "lab", "--member", "ada:admin")
    made = HfApi(endpoint=hub.url, token=hub.token)
    until = time.monotonic() + SECONDS_MAX
    while not made.repo_exists(CHARTER, repo_type="dataset"):
        assert time.monotonic() < until, "the worker did not publish the charter"
        time.sleep(0.2)
    return made


def read(api, revision="main"):
    return api.hf_hub_download(CHARTER, "CHARTER.yaml", repo_type="dataset", revision=revision)


def edited(api):
    was = Path(read(api)).read_text()
    text = was.replace("resource.delete: owners", "resource.delete: all")
    return CommitOperationAdd("CHARTER.yaml", text.encode())


@pytest.mark.usefixtures("api")
def test_anybody_can_download_it(hub):
    nobody = HfApi(endpoint=hub.url, token=False)
    assert "preset: owners" in Path(read(nobody)).read_text()


def test_the_hubs_own_charter_is_there(api):
    assert set(api.list_repo_files("hub/charter", repo_type="dataset")) == {
        ".gitattributes",
        "CHARTER.yaml",
        "README.md",
    }


@pytest.mark.parametrize(
    "way",
    [
        lambda api: api.create_commit(
            CHARTER, [edited(api)], commit_message="by hand", repo_type="dataset"
        ),
        lambda api: api.delete_file("README.md", CHARTER, repo_type="dataset"),
        lambda api: api.super_squash_history(CHARTER, repo_type="dataset"),
        lambda api: api.delete_repo(CHARTER, repo_type="dataset"),
        lambda api: api.move_repo(CHARTER, "ada/charter", repo_type="dataset"),
        lambda api: api.update_repo_settings(CHARTER, private=True, repo_type="dataset"),
        lambda api: api.update_repo_settings(CHARTER, gated="auto", repo_type="dataset"),
    ],
    ids=["commit", "delete a file", "squash", "delete", "move", "hide", "gate"],
)
def test_an_administrator_changes_nothing_by_hand(api, way):
    before = api.repo_info(CHARTER, repo_type="dataset").sha
    with pytest.raises(HfHubHTTPError) as refused:
        way(api)
    assert refused.value.response.status_code == 403
    assert "charter.amend" in str(refused.value)
    assert f"{api.endpoint}/commons/lab/proposals/new?action=charter.amend" in str(refused.value)
    assert api.repo_info(CHARTER, repo_type="dataset").sha == before


def test_a_pull_request_is_opened_and_not_merged_by_hand(api):
    made = api.create_commit(
        CHARTER,
        [edited(api)],
        commit_message="Nobody deletes alone",
        repo_type="dataset",
        create_pr=True,
    )
    assert made.pr_num is not None
    with pytest.raises(HfHubHTTPError) as refused:
        api.merge_pull_request(CHARTER, made.pr_num, repo_type="dataset")
    assert refused.value.response.status_code == 403


def test_the_command_line_proposes_another_and_is_told_why_it_cannot_upload_one(hub, api, tmp_path):
    hf = Path(sys.executable).with_name("hf")
    file = tmp_path / "CHARTER.yaml"
    file.write_bytes(edited(api).path_or_fileobj)
    upload = [hf, "upload", CHARTER, file, "CHARTER.yaml", "--repo-type", "dataset"]
    done = hub.client(*upload, "--create-pr")
    assert "Uploaded" in done.stdout
    newest = next(iter(api.get_repo_discussions(CHARTER, repo_type="dataset")))
    assert (newest.is_pull_request, newest.status) == (True, "open")
    refused = hub.client(*upload, check=False)
    assert refused.returncode != 0
    assert "charter.amend is decided by its members" in refused.stdout + refused.stderr


def test_git_clones_it_and_a_push_to_main_is_refused(hub, api, tmp_path):
    git = Git(tmp_path, hub.env)
    git("config", "--global", "user.name", "Ada")
    git("config", "--global", "user.email", "ada@example.org")
    clone = git.clone(url_of(hub, f"datasets/{CHARTER}"), "charter")
    before = clone("rev-parse", "HEAD")
    clone.commit(**{"CHARTER.yaml": "commons: mine\n"})
    for words in (["push", "origin", "HEAD:main"], ["push", "--force", "origin", "HEAD:main"]):
        done = clone(*words, check=False)
        assert done.returncode != 0
        assert "charter.amend" in done.stderr
    assert clone(*["push", "origin", ":main"], check=False).returncode != 0
    assert api.repo_info(CHARTER, repo_type="dataset").sha == before


def test_nobody_makes_a_charter_of_their_own(api):
    with pytest.raises(HfHubHTTPError):
        api.create_repo("ada/charter", repo_type="dataset")
