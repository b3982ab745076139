"""Whom it concerns, and whom not."""

import pytest

from iriai.base import cursors
from iriai.base.errors import Denied
from iriai.commons.actions import found_organisation
from iriai.discussions import actions as discussions
from iriai.identity import actions as identity
from iriai.identity.rules import Role
from iriai.notifications import actions, jobs, noticing, queries, rules, wording
from iriai.notifications.rules import Level
from iriai.repos import actions as repos
from iriai.repos.operations import Add


def test_an_owner_hears_of_what_is_begun_and_said_and_nobody_of_their_own_words(village):
    number = village.open("bob")
    village.say("bob", number)
    village.read_log()
    village.say("ada", number)
    assert village.told("ada") == [
        ("own", "bob began a discussion – ada/tiny #1: A question"),
        ("own", "bob commented on ada/tiny #1: A question"),
    ]
    assert village.told("bob") == [("part", "ada commented on ada/tiny #1: A question")]
    assert village.told("cleo") == []


def test_whoever_takes_part_hears_how_it_goes_on(village):
    number = village.open("bob")
    village.say("cleo", number)
    village.close("bob", number)
    assert village.told("cleo") == [("part", "bob closed it – ada/tiny #1: A question")]


def test_a_name_that_is_called_is_told_once_and_for_that_reason(village):
    village.open("bob", text="What do you say, @Cleo, @ada and @nobody? `@bob` @cleo/x a@ada.org")
    assert [reason for reason, _ in village.told("cleo")] == ["mentioned"]
    assert [reason for reason, _ in village.told("ada")] == ["mentioned"]
    assert village.told("bob") == []


def test_a_name_that_an_edit_adds_is_told_and_others_are_not_told_again(village):
    number = village.open("bob")
    key = village.say("bob", number, "What do you say, @ada?").key
    village.read_log()
    for text in ("@ada? @Cleo?", "@ada, @cleo!", "@ada, nobody else"):
        village.edit("bob", number, key, text)
        village.read_log()
    assert village.told("cleo") == [
        ("mentioned", "bob added your name to a comment on ada/tiny #1: A question")
    ]
    assert len(village.told("ada")) == 2


@pytest.mark.either_state
@pytest.mark.parametrize(
    "texts",
    [
        ("Well", "Well @cleo", "Well, @cleo!"),
        ("Wel", "Well", "Well, @cleo!"),
        ("Well, @cleo", "Well, @cleo!"),
        ("@cleo", "Nobody", "@cleo", "Nobody", "@cleo"),
    ],
)
@pytest.mark.parametrize("is_read_each_time", [True, False])
def test_a_name_that_is_called_is_told_once_however_often_a_comment_is_edited(
    village, clock, texts, is_read_each_time
):
    number = village.open("bob")
    key = village.say("bob", number, texts[0]).key
    for text in texts[1:]:
        if is_read_each_time:
            village.read_log()
        clock.advance(minutes=1)
        village.edit("bob", number, key, text)
    assert [reason for reason, _ in village.told("cleo")] == ["mentioned"]


@pytest.mark.either_state
def test_what_was_told_so_long_ago_that_it_is_forgotten_is_not_told_again(village, clock):
    number = village.open("bob")
    key = village.say("bob", number, "What do you say, @cleo?").key
    village.read_log()
    clock.advance(days=rules.KEPT_DAYS + 1)
    jobs.forget(village.ground, {})
    village.edit("bob", number, key, "What do you say, @cleo, and @ada?")
    assert village.told("cleo") == []
    assert [reason for reason, _ in village.told("ada")] == ["mentioned"]


def test_whoever_mutes_hears_nothing_and_whoever_watches_hears_all(village):
    number = village.open("bob")
    village.say("cleo", number)
    village.choose("cleo", Level.MUTE, number)
    village.choose("ada", Level.MUTE)
    village.say("bob", number, "@cleo?")
    assert [said for _, said in village.told("ada")] == []
    assert village.told("cleo") == []
    village.choose("ada", None)
    village.choose("cleo", Level.WATCH)
    village.say("bob", number)
    village.commit(Add("a.txt", b"a"))
    assert [said for _, said in village.told("ada")][-1:] == [
        "bob commented on ada/tiny #1: A question"
    ]
    assert village.told("cleo") == [("watching", "ada committed to ada/tiny")]


def test_a_thread_can_be_watched_by_itself(village):
    number = village.open("bob")
    village.read_log()
    village.choose("cleo", Level.WATCH, number)
    village.open("bob", title="Another one")
    village.say("bob", number)
    assert len(village.told("cleo")) == 1


def test_a_pull_request_is_told_to_whose_repository_it_is(village):
    with village.ground.write() as tx:
        discussions.open_pull_request(tx, village.actor("bob"), village.repo(), title="A fix")
    assert village.told("ada") == [("own", "bob opened a pull request – ada/tiny #1: A fix")]


def test_what_one_may_not_read_any_more_is_not_shown(village):
    number = village.open("bob")
    village.say("cleo", number)
    village.say("ada", number)
    assert len(village.noted("cleo")) == 1
    with village.ground.write() as tx:
        repos.change_settings(tx, village.actor("ada"), village.repo(), visibility="private")
    assert village.noted("cleo") == []
    with village.ground.read() as tx:
        assert queries.unread_count(tx, village.actor("cleo")) == 0
    village.say("ada", number, "@cleo")
    assert village.noted("cleo") == []


def test_a_hidden_comment_is_told_to_whoever_wrote_it(village):
    number = village.open("ada")
    with village.ground.write() as tx:
        said = discussions.comment(tx, village.actor("bob"), village.repo(), number, text="Bah")
        discussions.hide_comment(
            tx, village.actor("ada"), village.repo(), number, said.key, reason="rude"
        )
    assert [said for _, said in village.told("bob")] == [
        "ada hid your comment – ada/tiny #1: A question"
    ]


def test_a_role_is_told_to_whom_it_was_given(village):
    with village.ground.write() as tx:
        found_organisation(tx, village.actor("ada"), name="lab", fullname="The lab")
    for role in (Role.WRITE, None):
        with village.ground.write() as tx:
            identity.set_role(tx, village.actor("ada"), organisation="lab", person="bob", role=role)
    assert village.told("bob") == [
        ("you", "ada gave you the role write in lab"),
        ("you", "ada ended your role in lab"),
    ]
    assert village.told("ada") == []


def test_those_who_write_hear_what_is_begun_in_their_organisation(village):
    with village.ground.write() as tx:
        found_organisation(tx, village.actor("ada"), name="lab", fullname="The lab")
    with village.ground.write() as tx:
        for person, role in (("bob", Role.WRITE), ("cleo", Role.READ)):
            identity.set_role(
                tx, village.actor("ada"), organisation="lab", person=person, role=role
            )
    made = repos.create(
        village.ground, village.actor("ada"), kind="model", owner="lab", name="plan"
    )
    village.person("dan")
    number = village.open("dan", repo=made)
    village.say("dan", number, repo=made)
    assert [said for _, said in village.told("bob")][1:] == [
        "dan began a discussion – lab/plan #1: A question"
    ]
    assert len(village.told("cleo")) == 1


def test_what_was_read_stays_read(village):
    number = village.open("bob")
    village.say("bob", number)
    first, second = village.noted("ada")[::-1]
    with village.ground.write() as tx:
        assert actions.mark_read(tx, village.actor("ada"), [first.notification.id]) == 1
        assert actions.mark_read(tx, village.actor("bob"), [second.notification.id]) == 0
    assert [each.notification.id for each in village.noted("ada", unread=True)] == [
        second.notification.id
    ]
    village.say("bob", number)
    village.read_log()
    with village.ground.write() as tx:
        actions.mark_all_read(tx, village.actor("ada"), until=second.notification.id)
    assert len(village.noted("ada", unread=True)) == 1
    with village.ground.read() as tx:
        assert queries.unread_count(tx, village.actor("ada")) == 1


def test_nothing_is_told_twice_however_often_the_log_is_read(village):
    village.open("bob")
    for _ in range(3):
        village.read_log()
    assert cursors.read_on(village.ground, "notifications", noticing.take) == 0
    assert len(village.noted("ada")) == 1


def test_a_notification_leads_to_what_was_said(village):
    number = village.open("bob")
    village.say("bob", number)
    newest, opened = village.noted("ada")
    assert wording.path(opened) == "/ada/tiny/discussions/1"
    assert wording.path(newest).startswith("/ada/tiny/discussions/1#event-")


def test_choices_are_listed_with_what_they_are_about(village):
    number = village.open("bob")
    village.choose("cleo", Level.WATCH)
    village.choose("cleo", Level.MUTE, number)
    with village.ground.read() as tx:
        found = queries.subscriptions(tx, village.actor("cleo"))
        assert queries.level(tx, village.actor("cleo"), village.repo().id, number) is Level.MUTE
    assert {(each.repo.full_name, each.title, each.subscription.level) for each in found} == {
        ("ada/tiny", "", Level.WATCH),
        ("ada/tiny", "A question", Level.MUTE),
    }


def test_a_token_that_only_reads_marks_nothing(village):
    from iriai.identity.rules import Reach, TokenScope

    mine = village.actor("ada")
    reader = type(mine)(mine.id, mine.name, TokenScope(Reach.READ))
    with village.ground.write() as tx, pytest.raises(Denied):
        actions.mark_all_read(tx, reader, until=10)
