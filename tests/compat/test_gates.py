"""Gated repositories with today's client, from asking to reading."""

import httpx
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError

CARD = b"""---
license: mit
extra_gated_fields:
  Company: text
  Country: country
  I agree to the terms:
    type: checkbox
  Purpose:
    type: select
    options: [Research, Teaching]
---
# Gated
"""


@pytest.fixture(scope="module")
def api(hub):
    return HfApi(endpoint=hub.url, token=hub.token)


@pytest.fixture(scope="module")
def bob(hub):
    return HfApi(endpoint=hub.url, token=hub.person("bob"))


@pytest.fixture
def gated(api, request):
    name = f"ada/gated-{abs(hash(request.node.nodeid)) % 10**8}"
    api.create_repo(name)
    api.upload_file(path_or_fileobj=CARD, path_in_repo="README.md", repo_id=name)
    api.upload_file(path_or_fileobj=b"{}", path_in_repo="config.json", repo_id=name)
    api.update_repo_settings(name, gated="manual")
    yield name
    api.delete_repo(name)


def ask(hub, api, repo, **fields):
    given = {"Company": "Us", "Country": "JP", "I agree to the terms": True, "Purpose": "Research"}
    head = {"Authorization": f"Bearer {api.token}"}
    return httpx.post(f"{hub.url}/api/models/{repo}/ask-access", json=given | fields, headers=head)


def test_who_was_let_in_reads_and_who_was_not_does_not(hub, api, bob, gated, tmp_path):
    with pytest.raises(GatedRepoError, match="not in the authorized list"):
        bob.hf_hub_download(gated, "config.json", cache_dir=tmp_path / "a")
    assert ask(hub, bob, gated).json()["status"] == "pending"
    page = f"{hub.url}/{gated}/ask-access"
    with pytest.raises(GatedRepoError, match=f"wait for an answer. See {page}"):
        bob.hf_hub_download(gated, "config.json", cache_dir=tmp_path / "a")
    (waiting,) = api.list_pending_access_requests(gated)
    assert (waiting.username, waiting.fields["Company"]) == ("bob", "Us")
    api.accept_access_request(gated, "bob")
    bob.hf_hub_download(gated, "config.json", cache_dir=tmp_path / "b")
    bob.auth_check(gated)
    assert [each.username for each in api.list_accepted_access_requests(gated)] == ["bob"]
    api.cancel_access_request(gated, "bob")
    with pytest.raises(GatedRepoError):
        bob.hf_hub_download(gated, "config.json", cache_dir=tmp_path / "c")


def test_a_refusal_is_read_by_who_was_refused(hub, api, bob, gated):
    ask(hub, bob, gated)
    (waiting,) = api.list_pending_access_requests(gated)
    api.reject_access_request(
        gated, request_id=waiting.request_id, rejection_reason="Say more about the purpose"
    )
    head = {"Authorization": f"Bearer {bob.token}"}
    mine = httpx.get(f"{hub.url}/api/models/{gated}/ask-access", headers=head).json()
    assert (mine["status"], mine["rejectionReason"]) == ("rejected", "Say more about the purpose")
    with pytest.raises(GatedRepoError, match=r"refused: Say more .* purpose\. See .*/ask-access"):
        bob.auth_check(gated)
    again = ask(hub, bob, gated)
    assert (again.status_code, "ask again from" in again.json()["error"]) == (403, True)
    with pytest.raises(HfHubHTTPError) as told:
        api.reject_access_request(gated, "bob", rejection_reason="Twice")
    assert told.value.response.status_code == 404


def test_an_automatic_gate_opens_for_who_answers(hub, api, bob, gated, tmp_path):
    api.update_repo_settings(gated, gated="auto")
    refused = ask(hub, bob, gated, Purpose="Fun")
    assert (refused.status_code, "Purpose" in refused.json()["error"]) == (400, True)
    assert ask(hub, bob, gated).json()["status"] == "accepted"
    bob.snapshot_download(gated, cache_dir=tmp_path)


def test_somebody_is_let_in_unasked_once(api, gated):
    api.grant_access(gated, "bob")
    (let_in,) = api.list_accepted_access_requests(gated)
    assert (let_in.username, let_in.email, let_in.fields) == ("bob", None, None)
    with pytest.raises(HfHubHTTPError) as told:
        api.grant_access(gated, "bob")
    assert told.value.response.status_code == 400
    with pytest.raises(HfHubHTTPError) as told:
        api.grant_access(gated, "nobody-here")
    assert told.value.response.status_code == 404


def test_only_those_who_write_see_who_asked(bob, gated):
    with pytest.raises(HfHubHTTPError) as told:
        list(bob.list_pending_access_requests(gated))
    assert told.value.response.status_code == 403


def test_a_repository_without_a_gate_has_no_requests(api, gated):
    api.update_repo_settings(gated, gated=False)
    with pytest.raises(HfHubHTTPError) as told:
        list(api.list_pending_access_requests(gated))
    assert told.value.response.status_code == 400


@pytest.mark.parametrize("fields", [[1], "x", 1, None, {"Company": ["x"]}, {"Company": {}}])
def test_answers_that_are_no_answers_are_refused_in_words(hub, bob, gated, fields):
    for repo in (gated, "ada/never-there"):
        answer = ask(hub, bob, repo, fields=fields)
        assert (answer.status_code, bool(answer.json()["error"])) == (400, True)


def test_a_request_is_named_by_no_number_that_none_can_have(api, gated):
    for number in ("f" * 24, "-1", "0x1", "1_0"):
        with pytest.raises(HfHubHTTPError) as told:
            api.accept_access_request(gated, request_id=number)
        assert told.value.response.status_code == 404
