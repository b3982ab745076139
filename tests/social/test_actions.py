"""Liking and following: counted, once, and only of what one may see."""

import pytest

from iriai.base.errors import Denied, Excessive, Invalid, Unknown
from iriai.identity import actions as identity
from iriai.identity import queries as people
from iriai.identity.rules import ANYONE, OPERATOR
from iriai.repos import actions as repos_actions
from iriai.repos import queries as repos
from iriai.repos.queries import Filters, Sort
from iriai.social import actions, jobs, queries, rules


def person(ground, name):
    made = identity.add_person(ground, OPERATOR, name=name)
    with ground.read() as tx:
        return people.actor(tx, made.id)


@pytest.fixture
def ada(any_ground):
    return person(any_ground, "ada")


@pytest.fixture
def bob(any_ground):
    return person(any_ground, "bob")


def made(ground, ada, name="tiny", **more):
    return repos_actions.create(ground, ada, kind="model", owner="ada", name=name, **more)


def again(tx, actor, repo):
    return repos.repo(tx, actor, repo.kind, repo.full_name)


def test_a_like_counts_once_and_is_taken_back_once(any_ground, ada, bob):
    repo = made(any_ground, ada)
    with any_ground.write() as tx:
        assert actions.like(tx, bob, repo) == 1
        assert actions.like(tx, bob, repo) == 1
        assert actions.like(tx, ada, repo) == 2
        assert [each.name for each in queries.likers(tx, repo)] == ["ada", "bob"]
        assert queries.likes(tx, bob, repo)
        assert again(tx, ada, repo).likes == 2
    with any_ground.write() as tx:
        assert actions.unlike(tx, bob, repo) == 1
        assert actions.unlike(tx, bob, repo) == 1
        assert again(tx, ada, repo).likes == 1


def test_nobody_likes_what_they_cannot_see_and_likes_of_it_are_hidden(any_ground, ada, bob):
    repo = made(any_ground, ada, visibility="private")
    with any_ground.write() as tx:
        with pytest.raises(Unknown):
            actions.like(tx, bob, repo)
        actions.like(tx, ada, repo)
        assert [each.repo.name for each in queries.likes_of(tx, ada, ada.id)] == ["tiny"]
        assert not queries.likes_of(tx, bob, ada.id)
        assert queries.figures(tx, bob, ada.id).likes == 0
        assert queries.figures(tx, ada, ada.id).likes == 1


def test_one_signs_in_to_like_and_to_follow(any_ground, ada):
    repo = made(any_ground, ada)
    with any_ground.write() as tx:
        with pytest.raises(Denied):
            actions.like(tx, ANYONE, repo)
        with pytest.raises(Denied):
            actions.follow(tx, ANYONE, people.person(tx, "ada"))


def test_lists_are_ordered_by_likes(any_ground, ada, bob):
    for name in ("one", "two", "three"):
        made(any_ground, ada, name)
    with any_ground.write() as tx:
        two = repos.repo(tx, ada, "model", "ada/two")
        actions.like(tx, ada, two)
        actions.like(tx, bob, two)
        actions.like(tx, ada, repos.repo(tx, ada, "model", "ada/one"))
        page = repos.listing(tx, ada, Filters(), Sort.LIKES)
        assert [each.name for each in page.repos] == ["two", "one", "three"]


def test_followers_are_counted_and_nobody_follows_themselves(any_ground, ada, bob):
    with any_ground.write() as tx:
        group = identity.add_organisation(tx, ada, name="lab")
        actions.follow(tx, bob, people.person(tx, "ada"))
        actions.follow(tx, bob, people.person(tx, "ada"))
        actions.follow(tx, bob, group)
        with pytest.raises(Invalid):
            actions.follow(tx, ada, people.person(tx, "ada"))
        assert [each.name for each in queries.following(tx, bob.id)] == ["lab", "ada"]
        assert [each.name for each in queries.followers(tx, ada.id)] == ["bob"]
        figures = queries.figures(tx, bob, ada.id)
        assert (figures.followers, figures.following, figures.is_followed) == (1, 0, True)
        assert not queries.figures(tx, ada, bob.id).is_followed
        actions.unfollow(tx, bob, people.person(tx, "ada"))
        assert queries.figures(tx, bob, ada.id).followers == 0


def test_a_page_begins_after_the_one_before(any_ground, ada):
    repo = made(any_ground, ada)
    for number in range(5):
        somebody = person(any_ground, f"reader{number}")
        with any_ground.write() as tx:
            actions.like(tx, somebody, repo)
    with any_ground.read() as tx:
        first = queries.likers(tx, repo, limit=3)
        rest = queries.likers(tx, repo, before=first[-1].place, limit=3)
    assert [each.name[-1] for each in [*first, *rest]] == list("43210")


def test_what_a_deleted_account_liked_is_forgotten(any_ground, ada, bob):
    repo = made(any_ground, ada)
    with any_ground.write() as tx:
        actions.like(tx, bob, repo)
        actions.like(tx, ada, repo)
        actions.follow(tx, bob, people.person(tx, "ada"))
        identity.delete_account(tx, bob, account="bob")
        assert [each.name for each in queries.likers(tx, repo)] == ["ada"]
        assert queries.figures(tx, ada, ada.id).followers == 0
    jobs.tidy(any_ground, {})
    with any_ground.read() as tx:
        assert again(tx, ada, repo).likes == 1


def test_likes_and_follows_have_a_limit():
    rules.require_room_for_likes(rules.LIKES_MAX - 1)
    with pytest.raises(Excessive):
        rules.require_room_for_likes(rules.LIKES_MAX)
    with pytest.raises(Excessive):
        rules.require_room_to_follow(rules.FOLLOWED_MAX)
