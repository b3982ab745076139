"""What people say and propose: kept, shown, and merged as one commit."""

from dataclasses import dataclass

import pytest
from sqlalchemy import select
from tests.support.overlap import overlapping

from iriai.api import shapes
from iriai.base.errors import Conflict, Denied, Invalid, Unknown
from iriai.base.events import Event
from iriai.base.tx import Ground
from iriai.commons import enactment
from iriai.commons.enactment import landing
from iriai.discussions import actions, merging, queries, rules
from iriai.discussions.queries import Filters
from iriai.discussions.rules import EventKind, Status
from iriai.identity import actions as identity
from iriai.identity import queries as people
from iriai.identity.rules import OPERATOR, Actor
from iriai.repos import actions as repos
from iriai.repos import compaction, sweeping
from iriai.repos import queries as repos_queries
from iriai.repos.git.entries import EXECUTABLE_MODE
from iriai.repos.operations import Add, DeleteFile


@dataclass
class Village:
    """A repository of ada's, and bob who only reads it."""

    ground: Ground
    ada: Actor
    bob: Actor

    def repo(self):
        with self.ground.read() as tx:
            return repos_queries.repo(tx, self.ada, "model", "ada/tiny")

    def commit(self, actor, *operations, title="Change it", **more):
        return enactment.commit(
            self.ground, actor, self.repo(), operations=operations, title=title, **more
        )

    def text(self, path):
        objects = repos_queries.objects(self.ground, self.repo().id)
        return objects.blob(objects.file(self.repo().head, path).oid).decode()


def person(ground, name):
    made = identity.add_person(ground, OPERATOR, name=name)
    with ground.read() as tx:
        return people.actor(tx, made.id)


@pytest.fixture
def village(any_ground):
    ada, bob = person(any_ground, "ada"), person(any_ground, "bob")
    repos.create(any_ground, ada, kind="model", owner="ada", name="tiny")
    made = Village(any_ground, ada, bob)
    made.commit(ada, Add("a.txt", b"one\ntwo\nthree\nfour\nfive\n"), Add("b.txt", b"b\n"))
    return made


def test_discussions_and_pull_requests_share_one_series_of_numbers(village):
    with village.ground.write() as tx:
        repo = village.repo()
        first = actions.open_discussion(tx, village.bob, repo, title="A question")
        second = actions.open_pull_request(tx, village.bob, repo, title="An answer")
    third = village.commit(village.bob, Add("c.txt", b"c"), create_pr=True)
    assert (first.number, second.number, third.number) == (1, 2, 3)
    with village.ground.read() as tx:
        found = queries.discussions(tx, village.repo(), Filters(kind="pull_request"))
    assert [each.status for each in found.discussions] == [Status.OPEN, Status.DRAFT]


def test_a_pull_request_is_merged_as_one_commit(village):
    made = village.commit(
        village.bob, Add("c.txt", b"c\n"), DeleteFile("b.txt"), title="Swap", create_pr=True
    )
    village.commit(village.bob, Add("d.txt", b"d\n"), revision=f"refs/pr/{made.number}")
    village.commit(village.ada, Add("e.txt", b"meanwhile"))
    before = village.repo().head
    event = enactment.merge(village.ground, village.ada, village.repo(), made.number)
    assert (event.kind, event.data["status"]) == (EventKind.STATUS, Status.MERGED)
    objects = repos_queries.objects(village.ground, village.repo().id)
    merged = objects.commit(village.repo().head)
    assert (merged.parents, merged.title) == ((before,), f"Swap (#{made.number})")
    found = {entry.path for entry in objects.tree(merged.sha).entries}
    assert found == {".gitattributes", "a.txt", "c.txt", "d.txt", "e.txt"}


def test_changes_that_lie_apart_in_one_file_are_both_kept(village):
    made = village.commit(
        village.bob, Add("a.txt", b"ONE\ntwo\nthree\nfour\nfive\n"), create_pr=True
    )
    village.commit(village.ada, Add("a.txt", b"one\ntwo\nthree\nfour\nFIVE\n"))
    enactment.merge(village.ground, village.ada, village.repo(), made.number)
    assert village.text("a.txt") == "ONE\ntwo\nthree\nfour\nFIVE\n"


@pytest.mark.parametrize("ours", [True, False])
def test_a_program_stays_one_when_both_sides_changed_it(village, ours):
    lines = [b"%d\n" % n for n in range(9)]
    village.commit(village.ada, Add("run.sh", b"".join(lines), executable=not ours))
    mine = Add("run.sh", b"".join([b"mine\n", *lines[1:]]), executable=True)
    made = village.commit(village.bob, mine, create_pr=True)
    theirs = Add("run.sh", b"".join([*lines[:-1], b"theirs\n"]), executable=not ours)
    village.commit(village.ada, theirs)
    enactment.merge(village.ground, village.ada, village.repo(), made.number)
    objects = repos_queries.objects(village.ground, village.repo().id)
    file = objects.file(village.repo().head, "run.sh")
    assert file.mode == EXECUTABLE_MODE
    assert objects.blob(file.oid) == b"".join([b"mine\n", *lines[1:-1], b"theirs\n"])


def test_a_conflict_is_named_by_file_and_merges_nothing(village):
    made = village.commit(village.bob, Add("a.txt", b"mine\n"), create_pr=True)
    village.commit(village.ada, Add("a.txt", b"theirs\n"))
    head = village.repo().head
    with pytest.raises(Conflict, match=r"a\.txt"):
        enactment.merge(village.ground, village.ada, village.repo(), made.number)
    assert village.repo().head == head


@pytest.mark.parametrize(
    ("ours", "theirs"), [("x", "x/under.txt"), ("x/deep/under.txt", "x"), ("x/y", "x/y/z")]
)
def test_a_file_where_the_branch_has_a_folder_is_a_conflict_by_name(village, ours, theirs):
    made = village.commit(village.bob, Add(ours, b"mine\n"), create_pr=True)
    village.commit(village.ada, Add(theirs, b"theirs\n"))
    with pytest.raises(Conflict, match=ours) as refused:
        enactment.merge(village.ground, village.ada, village.repo(), made.number)
    assert refused.value.code == "MergeConflict"


@pytest.mark.parametrize(("was", "now"), [("x/under.txt", "x"), ("x", "x/under.txt")])
def test_a_folder_may_become_a_file_and_a_file_a_folder(village, was, now):
    village.commit(village.ada, Add(was, b"old\n"))
    made = village.commit(village.bob, DeleteFile(was), Add(now, b"new\n"), create_pr=True)
    enactment.merge(village.ground, village.ada, village.repo(), made.number)
    assert village.text(now) == "new\n"


def test_a_pull_request_is_held_against_and_merged_into_the_branch_it_is_for(village):
    with village.ground.write() as tx:
        repos.create_branch(tx, village.ada, village.repo(), "next")
    village.commit(village.ada, Add("a.txt", b"two\n"), revision="next")
    made = village.commit(village.bob, Add("c.txt", b"c\n"), revision="next", create_pr=True)
    village.commit(village.ada, Add("a.txt", b"main goes elsewhere\n"))
    head = village.repo().head
    with village.ground.read() as tx:
        found = queries.discussion(tx, village.repo(), made.number)
        sides = queries.sides(tx, found)
    objects = repos_queries.objects(village.ground, village.repo().id)
    worked_out = merging.proposed(objects, found, sides)
    assert (found.base, worked_out.conflicts) == ("refs/heads/next", ())
    assert [each.path for each in worked_out.operations] == ["c.txt"]
    enactment.merge(village.ground, village.ada, village.repo(), made.number)
    assert village.repo().head == head
    with village.ground.read() as tx:
        merged = queries.discussion(tx, village.repo(), made.number)
        tip = repos_queries.named(tx, village.repo().id, "next").commit
    assert (merged.status, merged.merge_sha) == (Status.MERGED, tip)
    assert objects.blob(objects.file(tip, "a.txt").oid) == b"two\n"


def test_a_pull_request_for_a_branch_that_is_gone_waits_for_it(village):
    with village.ground.write() as tx:
        repos.create_branch(tx, village.ada, village.repo(), "next")
        made = actions.open_pull_request(
            tx, village.bob, village.repo(), title="Into next", target="next"
        )
        actions.change_status(tx, village.bob, village.repo(), made.number, status="open")
    village.commit(village.bob, Add("c.txt", b"c"), revision=made.ref)
    with village.ground.write() as tx:
        repos.delete_branch(tx, village.ada, village.repo(), "next")
    with pytest.raises(Conflict, match="branch next"):
        enactment.merge(village.ground, village.ada, village.repo(), made.number)
    with village.ground.write() as tx:
        repos.create_branch(tx, village.ada, village.repo(), "next")
    enactment.merge(village.ground, village.ada, village.repo(), made.number)
    with village.ground.write() as tx, pytest.raises(Unknown, match="elsewhere"):
        actions.open_pull_request(tx, village.bob, village.repo(), title="No", target="elsewhere")


def test_a_pull_request_is_not_for_another_one(village):
    made = village.commit(village.bob, Add("c.txt", b"c\n"), create_pr=True)
    ref = f"refs/pr/{made.number}"
    with pytest.raises(Unknown):
        village.commit(village.bob, Add("d.txt", b"d\n"), revision=ref, create_pr=True)
    village.commit(village.bob, Add("d.txt", b"d\n"), revision=ref)


def test_a_draft_is_published_before_it_is_merged(village):
    with village.ground.write() as tx:
        made = actions.open_pull_request(tx, village.bob, village.repo(), title="Later")
    village.commit(village.bob, Add("c.txt", b"c"), revision=made.ref)
    with pytest.raises(Conflict, match="draft"):
        enactment.merge(village.ground, village.ada, village.repo(), made.number)
    with village.ground.write() as tx:
        actions.change_status(tx, village.bob, village.repo(), made.number, status="open")
    enactment.merge(village.ground, village.ada, village.repo(), made.number)
    with village.ground.read() as tx:
        assert queries.discussion(tx, village.repo(), made.number).status is Status.MERGED


def test_who_wrote_a_pull_request_is_named_in_the_commit_that_merges_it(village):
    made = village.commit(village.bob, Add("c.txt", b"c"), create_pr=True)
    village.commit(village.ada, Add("d.txt", b"d"), revision=f"refs/pr/{made.number}")
    enactment.merge(village.ground, village.ada, village.repo(), made.number)
    objects = repos_queries.objects(village.ground, village.repo().id)
    merged = objects.commit(village.repo().head)
    assert merged.author.name == "ada"
    assert merged.description == "Co-authored-by: bob <bob@users.noreply.127.0.0.1>"
    shape = shapes.commit(merged, formatted=False)
    assert [each["user"] for each in shape["authors"]] == ["ada", "bob"]


def test_who_only_reads_cannot_merge(village):
    made = village.commit(village.bob, Add("c.txt", b"c"), create_pr=True)
    with pytest.raises(Denied, match="merged by those who may write"):
        enactment.merge(village.ground, village.bob, village.repo(), made.number)


def test_a_pull_request_takes_commits_of_who_opened_it_and_of_who_writes(village):
    made = village.commit(village.ada, Add("c.txt", b"c"), create_pr=True)
    with pytest.raises(Denied, match=f"pull request {made.number} by who opened it"):
        village.commit(village.bob, Add("d.txt", b"d"), revision=f"refs/pr/{made.number}")


def shown(village, number):
    """What a pull request comes to, and its commits as events, oldest first."""
    objects = repos_queries.objects(village.ground, village.repo().id)
    with village.ground.read() as tx:
        found = queries.discussion(tx, village.repo(), number)
        sides, brought = queries.sides(tx, found), queries.brought(tx, found.id)
        assert EventKind.COMMIT not in {each.kind for each in queries.events(tx, found.id)}
    worked_out = merging.proposed(objects, found, sides)
    base, alone = worked_out.base, worked_out.is_unrelated
    events = merging.commit_events(objects, base, sides.tip, brought, is_unrelated=alone)
    return worked_out, list(reversed(events))


def test_the_commits_of_a_pull_request_are_those_main_lacks_by_who_brought_them(village, clock):
    made = village.commit(village.bob, Add("c.txt", b"c"), title="Mine", create_pr=True)
    opened = village.ground.clock()
    clock.advance(days=1)
    ref = f"refs/pr/{made.number}"
    more = village.commit(village.ada, Add("d.txt", b"d"), title="And this", revision=ref)
    clock.advance(days=1)
    landed = landing.squash(village.ground, village.bob, village.repo(), ref, "All of it")
    _, (one,) = shown(village, made.number)
    assert (one.author, one.data) == ("bob", {"subject": "All of it", "oid": landed.sha})
    clock.advance(days=1)
    last = village.commit(village.ada, Add("e.txt", b"e"), title="Last", revision=ref)
    _, (one, other) = shown(village, made.number)
    assert [one.data["oid"], other.data["oid"]] == [landed.sha, last.sha]
    assert (one.author, other.author, other.at) == ("bob", "ada", village.ground.clock())
    with village.ground.read() as tx:
        found = queries.discussion(tx, village.repo(), made.number)
        first, second, *_ = queries.brought(tx, found.id)
    assert (first.author, first.at, second.author) == ("bob", opened, "ada")
    assert (first.data["oid"], second.data["oid"]) == (made.sha, more.sha)


def test_what_has_no_history_in_common_with_its_branch_any_more_is_not_merged(village):
    gone = (DeleteFile("b.txt"), Add("c.txt", b"c\n"))
    made = village.commit(village.bob, *gone, create_pr=True)
    landing.squash(village.ground, village.ada, village.repo(), "main", "All in one")
    with pytest.raises(Conflict, match="no history in common"):
        enactment.merge(village.ground, village.ada, village.repo(), made.number)
    assert village.text("b.txt") == "b\n"
    worked_out, events = shown(village, made.number)
    assert worked_out.is_unrelated
    assert [each.data["oid"] for each in events] == [made.sha], "and not what main had before"


def test_what_was_merged_is_shown_as_it_was_when_its_branch_begins_anew(village, clock):
    made = village.commit(village.bob, Add("c.txt", b"c\n"), create_pr=True)
    enactment.merge(village.ground, village.ada, village.repo(), made.number)
    landing.squash(village.ground, village.ada, village.repo(), "main", "All in one")
    compaction.compact(village.ground, village.repo().id)
    clock.advance(days=40)
    assert sweeping.sweep_retired(village.ground) > 0
    worked_out, events = shown(village, made.number)
    assert [each.path for each in worked_out.operations] == ["c.txt"]
    assert [each.data["oid"] for each in events] == [made.sha]


def test_whoever_a_commit_says_wrote_it_did_not_bring_it(village):
    made = village.commit(village.bob, Add("c.txt", b"c"), title="Mine", create_pr=True)
    objects = repos_queries.objects(village.ground, village.repo().id)
    base, tip = village.repo().head, made.sha
    nobody = merging.commit_events(objects, base, tip, [])
    assert [(each.author, each.data["written_by"]) for each in nobody] == [(None, "bob")]


@pytest.mark.parametrize("over", ["merged", "closed", "locked"])
def test_what_is_over_or_locked_takes_no_more_commits(village, over):
    made = village.commit(village.bob, Add("c.txt", b"c\n"), create_pr=True)
    ref, number = f"refs/pr/{made.number}", made.number
    if over == "merged":
        enactment.merge(village.ground, village.ada, village.repo(), number)
    with village.ground.write() as tx:
        if over == "closed":
            actions.change_status(tx, village.ada, village.repo(), number, status="closed")
        if over == "locked":
            actions.lock(tx, village.ada, village.repo(), number, reason="enough said")
    change = {"revision": ref, "title": "One more word"}
    expected = "enough said" if over == "locked" else over
    with pytest.raises((Conflict, Denied), match=expected):
        village.commit(village.bob, Add("evil.txt", b"evil\n"), **change)
    with pytest.raises((Conflict, Denied), match=expected):
        landing.squash(village.ground, village.bob, village.repo(), ref, "One more word")
    worked_out, events = shown(village, number)
    assert [each.path for each in worked_out.operations] == ["c.txt"]
    assert [each.data["oid"] for each in events] == [made.sha]
    if over == "locked":
        village.commit(village.ada, Add("good.txt", b"good\n"), **change)


def test_an_edited_comment_keeps_its_history_and_a_hidden_one_its_reason(village):
    with village.ground.write() as tx:
        repo = village.repo()
        made = actions.open_discussion(tx, village.bob, repo, title="A question")
        said = actions.comment(tx, village.bob, repo, made.number, text="frist")
        actions.edit_comment(tx, village.bob, repo, made.number, said.key, text="first")
        with pytest.raises(Denied):
            actions.edit_comment(tx, village.ada, repo, made.number, said.key, text="mine")
        with pytest.raises(Invalid, match="reason"):
            actions.hide_comment(tx, village.ada, repo, made.number, said.key)
        actions.hide_comment(tx, village.ada, repo, made.number, said.key, reason="off topic")
        found = queries.event(tx, made.id, said.key).data
    assert (found["raw"], found["history"][0]["raw"], found["reason"]) == (
        "first",
        "frist",
        "off topic",
    )
    with village.ground.read() as tx:
        asked = select(Event.entry, Event.private).where(Event.verb == "hid")
        entry, private = tx.connection.execute(asked).one()
    assert "off topic" not in str(entry)
    assert "off topic" in str(private)


def test_what_a_moderator_hid_is_not_explained_anew_by_its_author(village):
    with village.ground.write() as tx:
        repo = village.repo()
        made = actions.open_discussion(tx, village.bob, repo, title="A question")
        said = actions.comment(tx, village.bob, repo, made.number, text="Bad words.")
        actions.hide_comment(tx, village.ada, repo, made.number, said.key, reason="bad words")
        for who in (village.bob, village.ada):
            with pytest.raises(Conflict, match="already"):
                actions.hide_comment(tx, who, repo, made.number, said.key, reason="my own wish")
        data = queries.event(tx, made.id, said.key).data
    assert (data["hidden_by"], data["reason"]) == ("ada", "bad words")


def test_what_is_no_comment_is_neither_edited_nor_hidden(village):
    with village.ground.write() as tx:
        repo = village.repo()
        number = actions.open_discussion(tx, village.bob, repo, title="A question").number
        happened = [
            actions.change_status(tx, village.ada, repo, number, status="closed"),
            actions.rename(tx, village.ada, repo, number, title="Another question"),
            actions.lock(tx, village.ada, repo, number, reason="enough said"),
        ]
        for each in happened:
            with pytest.raises(Unknown):
                actions.edit_comment(tx, village.ada, repo, number, each.key, text="It did not.")
            with pytest.raises(Unknown):
                actions.hide_comment(tx, village.ada, repo, number, each.key, reason="Nobody saw.")


def test_a_discussion_has_an_end_and_can_then_still_be_closed_up(village, monkeypatch):
    monkeypatch.setattr(rules, "ENTRIES_MAX", 3)
    with village.ground.write() as tx:
        repo = village.repo()
        number = actions.open_discussion(tx, village.bob, repo, title="A question").number
        said = [actions.comment(tx, village.bob, repo, number, text="More.") for _ in range(3)]
        with pytest.raises(Conflict, match="full"):
            actions.comment(tx, village.bob, repo, number, text="And more.")
        with pytest.raises(Conflict, match="full"):
            actions.rename(tx, village.bob, repo, number, title="Another question")
        actions.hide_comment(tx, village.bob, repo, number, said[0].key)
        actions.change_status(tx, village.ada, repo, number, status="closed")


def test_a_locked_discussion_is_for_those_who_write(village):
    with village.ground.write() as tx:
        repo = village.repo()
        made = actions.open_discussion(tx, village.bob, repo, title="A question")
        with pytest.raises(Denied):
            actions.lock(tx, village.bob, repo, made.number, reason="enough")
        actions.lock(tx, village.ada, repo, made.number, reason="enough said")
        with pytest.raises(Denied, match="enough said"):
            actions.comment(tx, village.bob, repo, made.number, text="but")
        actions.unlock(tx, village.ada, repo, made.number)
        actions.comment(tx, village.bob, repo, made.number, text="thanks")


@pytest.mark.parametrize("title", ["", "ab", "x" * 201, " \n\t "])
def test_a_title_has_a_length(village, title):
    with village.ground.write() as tx, pytest.raises(Invalid):
        actions.open_discussion(tx, village.bob, village.repo(), title=title)


def test_where_discussions_are_disabled_nobody_begins_one(village):
    with village.ground.write() as tx:
        enactment.change_settings(tx, village.ada, village.repo(), discussions_disabled=True)
    with village.ground.write() as tx, pytest.raises(Denied, match="disabled"):
        actions.open_discussion(tx, village.bob, village.repo(), title="A question")


def test_what_is_hidden_while_its_author_edits_it_stays_hidden(village):
    repo, ground = village.repo(), village.ground
    with ground.write() as tx:
        found = actions.open_discussion(tx, village.bob, repo, title="Hello there")
        said = actions.comment(tx, village.bob, repo, found.number, text="Bad words.")
    rest = (repo, found.number, said.key)
    overlapping(
        ground,
        lambda tx: actions.hide_comment(tx, village.ada, *rest, reason="They are bad."),
        lambda tx: actions.edit_comment(tx, village.bob, *rest, text="Worse words."),
    )
    with ground.read() as tx:
        assert queries.event(tx, found.id, said.key).data["hidden"]


def test_a_pull_request_that_is_closed_while_it_is_merged_is_not_merged(village):
    repo, ground = village.repo(), village.ground
    landed = village.commit(village.bob, Add("c.txt", b"c\n"), create_pr=True)

    def close(tx):
        actions.change_status(tx, village.bob, repo, landed.number, status="closed")

    def merged(tx):
        actions.mark_merged(tx, village.ada, repo, landed.number, sha=landed.sha)

    assert isinstance(overlapping(ground, close, merged), Conflict)
    with ground.read() as tx:
        assert queries.discussion(tx, repo, landed.number).status is Status.CLOSED
