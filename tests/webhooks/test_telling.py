"""What webhooks are told, and what not."""

import pytest
from huggingface_hub import WebhookPayload

from iriai.base import cursors, events
from iriai.base.errors import Denied, Unknown
from iriai.commons import enactment
from iriai.commons.actions import found_organisation
from iriai.discussions import actions as discussions
from iriai.identity import actions as identity
from iriai.identity.rules import Role
from iriai.repos import actions as repos
from iriai.repos import refs
from iriai.repos.operations import Add
from iriai.webhooks import actions, queries, telling

pytestmark = pytest.mark.either_state


def scopes(heard):
    return [(each["event"]["action"], each["event"]["scope"]) for each in heard]


def test_a_commit_is_told_with_the_ref_that_moved(village):
    hook = village.hook()
    before = village.repo().head
    landed = village.commit(Add("a.txt", b"a"))
    (told,) = village.heard()
    assert told["event"] == {"action": "update", "scope": "repo.content"}
    assert told["updatedRefs"] == [
        {"ref": "refs/heads/main", "oldSha": before, "newSha": landed.sha}
    ]
    assert told["repo"]["headSha"] == landed.sha
    assert told["repo"]["name"] == "ada/tiny"
    assert told["webhook"] == {"id": hook.key, "version": 3}


def test_all_that_happens_to_a_repository_is_told_as_clients_read_it(village):
    village.hook(watched=[("user", "ada"), ("org", "none")])
    ada = village.actor("ada")
    made = village.make(name="other", kind="dataset")
    with village.ground.write() as tx:
        refs.create_branch(tx, ada, made, "dev")
        refs.delete_branch(tx, ada, made, "dev")
        repos.change_settings(tx, ada, made, visibility="private")
        moved = repos.move(tx, ada, made, to_owner="ada", to_name="renamed")
    with village.ground.write() as tx:
        enactment.delete_repository(tx, ada, moved)
    heard = village.heard()
    assert scopes(heard) == [
        ("create", "repo"),
        ("update", "repo.content"),
        ("update", "repo.content"),
        ("update", "repo.config"),
        ("move", "repo"),
        ("delete", "repo"),
    ]
    read = [WebhookPayload.model_validate(each) for each in heard]
    assert {each.repo.type for each in read} == {"dataset"}
    assert read[1].updatedRefs[0].ref == "refs/heads/dev"
    assert read[2].updatedRefs[0].newSha is None
    assert heard[3]["updatedConfig"] == {"private": True, "visibility": "private"}
    assert read[4].movedTo.name == "ada/renamed"


def test_all_that_is_said_is_told_as_clients_read_it(village):
    village.hook(watched=[("model", "ada/tiny")])
    bob, ada = village.actor("bob"), village.actor("ada")
    with village.ground.write() as tx:
        repo = village.repo()
        made = discussions.open_discussion(tx, bob, repo, title="A question", description="Why?")
        said = discussions.comment(tx, ada, repo, made.number, text="Because.")
        discussions.edit_comment(tx, ada, repo, made.number, said.key, text="Because so.")
        discussions.rename(tx, bob, repo, made.number, title="Another question")
        discussions.change_status(tx, bob, repo, made.number, status="closed")
    heard = village.heard()
    assert scopes(heard) == [
        ("create", "discussion"),
        ("create", "discussion.comment"),
        ("update", "discussion.comment"),
        ("update", "discussion"),
        ("update", "discussion"),
    ]
    read = [WebhookPayload.model_validate(each) for each in heard]
    assert read[0].comment.content == "Why?"
    assert read[1].comment.id == said.key
    assert read[2].comment.content == "Because so."
    assert read[4].discussion.status == "closed"
    assert read[4].discussion.num == made.number
    assert read[4].discussion.url.web.endswith("/ada/tiny/discussions/1")


def test_a_pull_request_is_told_until_it_is_merged(village):
    village.hook(domains=["discussion"])
    bob, ada = village.actor("bob"), village.actor("ada")
    landed = village.commit(Add("b.txt", b"b"), actor=bob, create_pr=True)
    enactment.merge(village.ground, ada, village.repo(), landed.number, text="Thanks.")
    heard = village.heard()
    assert scopes(heard) == [
        ("create", "discussion"),
        ("create", "discussion.comment"),
        ("update", "discussion"),
    ]
    last = WebhookPayload.model_validate(heard[-1])
    assert last.discussion.isPullRequest
    assert last.discussion.status == "merged"
    assert last.discussion.changes.base == "refs/heads/main"
    assert last.discussion.changes.mergeCommitId == village.repo().head


def test_what_was_hidden_meanwhile_is_not_told(village):
    village.hook()
    bob, ada = village.actor("bob"), village.actor("ada")
    with village.ground.write() as tx:
        repo = village.repo()
        made = discussions.open_discussion(tx, bob, repo, title="A rant", description="Rude words")
        first = discussions.comment(tx, bob, repo, made.number, text="More rude words")
        discussions.hide_comment(tx, ada, repo, made.number, first.key, reason="rude")
    heard = village.heard()
    assert [each["comment"]["hidden"] for each in heard] == [False, True, True]
    assert "content" not in heard[1]["comment"]


def test_only_what_is_watched_and_asked_for_is_told(village):
    village.hook(watched=[("model", "ada/other")], path="/other")
    village.hook(watched=[("dataset", "ada/tiny")], path="/dataset")
    village.hook(domains=["discussion"], path="/talk")
    village.hook(owner="bob", watched=[("model", "ADA/Tiny")], path="/bob")
    village.commit(Add("a.txt", b"a"))
    village.tell()
    assert [each.path for each in village.receiver.received] == ["/bob"]


def test_a_webhook_hears_of_nothing_that_was_before_it(village):
    village.commit(Add("a.txt", b"a"))
    village.clock.advance(seconds=1)
    village.hook()
    assert village.heard() == []


def test_what_is_private_is_told_only_to_those_who_may_know_it_now(village):
    hidden = village.make(name="secret", visibility="private")
    village.hook(path="/ada")
    theirs = village.hook(owner="bob", path="/bob")
    village.commit(Add("a.txt", b"a"), repo=hidden)
    village.tell()
    assert [each.path for each in village.receiver.received] == ["/ada"]
    assert village.deliveries(theirs) == []


def test_what_became_private_while_it_waited_is_not_told(village):
    theirs = village.hook(owner="bob", path="/bob")
    village.commit(Add("a.txt", b"a"))
    events.seal(village.ground)
    cursors.read_on(village.ground, "webhooks", telling.take)
    assert [each.state for each in village.deliveries(theirs)] == ["waiting"]
    with village.ground.write() as tx:
        repos.change_settings(tx, village.actor("ada"), village.repo(), visibility="private")
    assert village.heard() == []
    (held,) = village.deliveries(theirs)
    assert (held.state, held.payload) == ("withheld", "{}")


def test_whoever_leaves_an_organisation_hears_no_more_of_its_private_things(village):
    ada = village.actor("ada")
    with village.ground.write() as tx:
        found_organisation(tx, ada, name="lab", fullname="The lab")
    ada = village.actor("ada")
    with village.ground.write() as tx:
        identity.set_role(tx, ada, organisation="lab", person="bob", role=Role.WRITE)
    made = village.make("lab", "plan", by=village.actor("ada"), visibility="private")
    village.hook(owner="bob", watched=[("org", "lab")])
    village.commit(Add("a.txt", b"a"), repo=made)
    assert len(village.heard()) == 1
    with village.ground.write() as tx:
        identity.set_role(tx, ada, organisation="lab", person="bob", role=None)
    village.commit(Add("b.txt", b"b"), repo=made)
    assert len(village.heard()) == 1


def test_an_organisation_has_webhooks_of_its_own(village):
    ada = village.actor("ada")
    with village.ground.write() as tx:
        lab = found_organisation(tx, ada, name="lab", fullname="The lab").id
    ada = village.actor("ada")
    made = village.make("lab", "plan", by=ada, visibility="private")
    village.clock.advance(seconds=1)
    with village.ground.write() as tx:
        watched = [("org", "lab"), ("model", "ada/hidden")]
        actions.create(tx, ada, lab, url=village.receiver.url, watched=watched)
        with pytest.raises(Denied):
            queries.webhooks_of(tx, village.actor("bob"), lab)
        with pytest.raises(Denied):
            actions.create(tx, village.actor("bob"), lab, url="https://example.org", watched=[])
    village.commit(Add("a.txt", b"a"), repo=made, actor=ada)
    village.commit(Add("a.txt", b"a"), repo=village.make(name="hidden", visibility="private"))
    assert [each["repo"]["name"] for each in village.heard()] == ["lab/plan"]


def test_a_watched_name_follows_what_it_named(village):
    village.hook(owner="bob", watched=[("model", "ada/tiny")])
    ada = village.actor("ada")
    with village.ground.write() as tx:
        moved = repos.move(tx, ada, village.repo(), to_owner="ada", to_name="small")
    village.commit(Add("a.txt", b"a"), repo=moved)
    heard = village.heard()
    assert scopes(heard) == [("move", "repo"), ("update", "repo.content")]
    assert heard[0]["repo"]["name"] == "ada/tiny"
    assert heard[0]["movedTo"]["name"] == heard[1]["repo"]["name"] == "ada/small"


def test_a_webhook_is_seen_by_its_owner_alone(village):
    hook = village.hook()
    with village.ground.read() as tx, pytest.raises(Unknown):
        bob = village.actor("bob")
        queries.webhook(tx, bob, bob.id, hook.key)
    with village.ground.read() as tx, pytest.raises(Denied):
        queries.webhooks_of(tx, village.actor("bob"), village.actor("ada").id)
