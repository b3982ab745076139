"""Webhooks with today's client, and a receiver that listens."""

import json
import time

import httpx
import pytest
from huggingface_hub import HfApi, WebhookPayload, WebhookWatchedItem
from huggingface_hub.errors import HfHubHTTPError

from tests.support import clients, server
from tests.support.receiver import Receiver

WATCHED = [{"type": "user", "name": "julien-c"}, WebhookWatchedItem("org", "HuggingFaceH4")]
AT_ONCE_SECONDS = 60  # two where nothing else runs
URL = "https://webhook.site/test"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A live hub that may call this machine."""
    made = server.living(
        tmp_path_factory.mktemp("hub"), "sqlite+disk", IRIAI_OUTBOUND_ALLOW="127.0.0.0/8"
    )
    yield made
    made.stop()


@pytest.fixture(scope="module")
def api(hub):
    return HfApi(endpoint=hub.url, token=hub.token)


@pytest.fixture
def hook(api):
    made = api.create_webhook(url=URL, watched=WATCHED, domains=["repo", "discussion"], secret="s")
    yield made
    try:
        api.delete_webhook(made.id)
    except HfHubHTTPError:
        return


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


def test_a_webhook_is_made_as_it_was_asked_for(api, hook):
    assert (hook.url, hook.job, hook.secret, hook.disabled) == (URL, None, "s", False)
    assert hook.domains == ["repo", "discussion"]
    assert hook.watched == [
        WebhookWatchedItem("user", "julien-c"),
        WebhookWatchedItem("org", "HuggingFaceH4"),
    ]
    assert api.get_webhook(hook.id) == hook
    assert hook in api.list_webhooks()


def test_an_update_changes_what_it_names_and_nothing_else(api, hook):
    moved = api.update_webhook(hook.id, url=URL + "/new")
    assert moved.url == URL + "/new"
    assert (moved.watched, moved.secret, moved.domains) == (hook.watched, "s", hook.domains)
    changed = api.update_webhook(
        hook.id, watched=[WebhookWatchedItem("model", "ada/tiny")], domains=["repo"], secret="new"
    )
    assert changed.watched == [WebhookWatchedItem("model", "ada/tiny")]
    assert (changed.domains, changed.secret) == (["repo"], "new")


def test_a_webhook_is_disabled_and_enabled(api, hook):
    assert api.disable_webhook(hook.id).disabled
    assert api.disable_webhook(hook.id).disabled
    assert api.get_webhook(hook.id).disabled
    assert not api.enable_webhook(hook.id).disabled


def test_a_deleted_webhook_is_gone(api, hook):
    api.delete_webhook(hook.id)
    for ask in (api.get_webhook, api.delete_webhook, api.enable_webhook):
        with pytest.raises(HfHubHTTPError, match="404"):
            ask(hook.id)


def test_nobody_elses_webhook_is_there(hub, hook):
    bob = HfApi(endpoint=hub.url, token=hub.person("bob"))
    assert bob.list_webhooks() == []
    with pytest.raises(HfHubHTTPError, match="404"):
        bob.get_webhook(hook.id)


def test_without_a_token_there_are_none(hub):
    with pytest.raises(HfHubHTTPError, match="401"):
        HfApi(endpoint=hub.url, token=False).list_webhooks()


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://169.254.169.254/latest"},
        {"url": "http://[::1]:80/"},
        {"url": "ftp://example.org"},
        {"watched": [{"type": "planet", "name": "mars"}]},
        {"watched": []},
        {"domains": ["weather"]},
        {"secret": "a\nb"},
    ],
)
def test_what_makes_no_sense_is_refused_and_not_tried_again(api, wrong):
    fields = {"url": URL, "watched": WATCHED} | wrong
    with pytest.raises(HfHubHTTPError) as told:
        api.create_webhook(**fields)
    assert told.value.response.status_code == 400


def test_a_webhook_starts_no_jobs(api):
    with pytest.raises(HfHubHTTPError, match="501"):
        api.create_webhook(job_id="687f911eaea852de79c4a50a", watched=WATCHED)


def test_a_read_token_sees_webhooks_without_their_secrets(hub, hook):
    raw = hub.run("token", "add", "ada", "--role", "read").strip()
    reader = HfApi(endpoint=hub.url, token=raw)
    assert reader.get_webhook(hook.id).secret is None
    with pytest.raises(HfHubHTTPError, match="403"):
        reader.disable_webhook(hook.id)


def test_what_happens_is_on_its_way_at_once(api, receiver):
    api.create_repo("ada/told")
    api.create_webhook(
        url=receiver.url, watched=[{"type": "model", "name": "ada/told"}], secret="s"
    )
    began = time.monotonic()
    done = api.upload_file(path_or_fileobj=b"a", path_in_repo="a.txt", repo_id="ada/told")
    (heard,) = receiver.wait(1)
    assert time.monotonic() - began < AT_ONCE_SECONDS
    told = WebhookPayload.model_validate_json(heard.body)
    assert told.event.scope == "repo.content"
    assert told.updatedRefs[0].newSha == done.oid
    assert heard.headers["X-Webhook-Secret"] == "s"
    assert api.list_repo_commits(told.repo.name)[0].commit_id == told.repo.head_sha
    api.create_discussion("ada/told", "A question", description="Why?")
    read = WebhookPayload.model_validate_json(receiver.wait(2)[1].body)
    assert (read.discussion.title, read.comment.content) == ("A question", "Why?")


def test_the_commands_of_hf(hub):
    def hf(*commands):
        return clients.hf(hub.env, *(("webhooks", *each.split()) for each in commands))

    create = f"create --url {URL} --watch model:ada/tiny --domain repo"
    made, every = hf(create, "ls --format json")
    (found,) = [each for each in json.loads(every) if each["url"] == URL]
    key = found["id"]
    assert key in made
    assert found["watched"] == ["model:ada/tiny"]
    info = f"info {key} --format json"
    first, _, changed, _, off, _, _, left = hf(
        info,
        f"update {key} --domain discussion --watch user:ada --secret s",
        info,
        f"disable {key}",
        info,
        f"enable {key}",
        f"delete {key} --yes",
        "ls",
    )
    assert json.loads(first)["domains"] == ["repo"]
    assert json.loads(changed)["secret"] == "s"
    assert json.loads(off)["disabled"] is True
    assert key not in left


def test_an_organisations_webhooks_are_its_administrators(hub, api):
    hub.run("org", "add", "lab", "--member", "ada:admin")
    bob = {"Authorization": f"Bearer {hub.person('cleo')}"}
    ada = {"Authorization": f"Bearer {hub.token}"}
    where = f"{hub.url}/api/organizations/lab/settings/webhooks"
    asked = {"url": URL, "watched": [{"type": "org", "name": "lab"}], "domains": ["repo"]}
    made = httpx.post(where, json=asked, headers=ada).json()["webhook"]
    assert [each["id"] for each in httpx.get(where, headers=ada).json()] == [made["id"]]
    assert made["id"] not in [each.id for each in api.list_webhooks()]
    one = f"{where}/{made['id']}"
    assert httpx.post(f"{one}/disable", headers=ada).json()["webhook"]["disabled"] is True
    for answer in (
        httpx.get(where, headers=bob),
        httpx.post(where, json=asked, headers=bob),
        httpx.delete(one, headers=bob),
        httpx.get(where),
    ):
        assert answer.status_code in {401, 403, 404}
    assert httpx.delete(one, headers=ada).status_code == 200
    assert httpx.get(where, headers=ada).json() == []
