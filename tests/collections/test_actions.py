"""Collections: kept by those who may, in order, and silent about what one may not see."""

import pytest

from iriai.base.errors import Conflict, Denied, Invalid, Unknown
from iriai.buckets import actions as buckets
from iriai.collections import actions, queries, rules
from iriai.collections.queries import Filters, Sort
from iriai.collections.rules import ItemKind
from iriai.identity import actions as identity
from iriai.identity import queries as people
from iriai.identity.rules import ANYONE, OPERATOR, Role
from iriai.repos import actions as repos


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


@pytest.fixture
def kept(any_ground, ada):
    with any_ground.write() as tx:
        return actions.create(tx, ada, owner="ada", title="Small models!")


def model(ground, ada, name, **more):
    return repos.create(ground, ada, kind="model", owner="ada", name=name, **more)


def held(tx, viewer, collection):
    return queries.items(tx, viewer, [collection.id])[collection.id]


def test_an_address_leads_here_after_the_title_changed(any_ground, ada, kept):
    assert kept.slug.startswith("ada/small-models-")
    old = kept.slug.split("/")[1]
    with any_ground.write() as tx:
        changed = actions.change(tx, ada, kept, title="Tiny models")
        assert changed.slug == f"ada/tiny-models-{kept.key}"
        assert queries.collection(tx, ANYONE, "ada", old).title == "Tiny models"
        assert queries.collection(tx, ANYONE, "ada", "tiny-models").key == kept.key


def test_a_title_is_taken_once_by_each_owner(any_ground, ada, bob, kept):
    with any_ground.write() as tx:
        with pytest.raises(rules.TitleTaken) as caught:
            actions.create(tx, ada, owner="ada", title="small MODELS!")
        assert caught.value.slug == kept.slug
        actions.create(tx, bob, owner="bob", title="Small models!")


def test_strangers_neither_see_nor_change_what_is_private(any_ground, ada, bob, kept):
    with any_ground.write() as tx:
        private = actions.change(tx, ada, kept, is_private=True)
        for viewer in (bob, ANYONE):
            with pytest.raises(Unknown):
                queries.collection(tx, viewer, "ada", kept.key)
            assert not queries.collections(tx, viewer, Filters()).collections
        assert queries.collection(tx, ada, "ada", kept.key).is_private
        with pytest.raises(Denied):
            actions.add(tx, bob, private, kind="paper", name="2307.09288")
        with pytest.raises(Denied):
            actions.create(tx, bob, owner="ada", title="Not mine")


def test_those_who_write_in_an_organisation_keep_its_collections(any_ground, ada, bob):
    with any_ground.write() as tx:
        identity.add_organisation(tx, ada, name="lab")
        identity.set_role(
            tx, people.actor(tx, ada.id), organisation="lab", person="bob", role=Role.WRITE
        )
    with any_ground.write() as tx:
        writer = people.actor(tx, bob.id)
        made = actions.create(tx, writer, owner="lab", title="Ours", is_private=True)
        assert queries.collection(tx, people.actor(tx, ada.id), "lab", made.key).title == "Ours"


def test_items_keep_their_order_and_their_notes(any_ground, ada, kept):
    for name in ("one", "two"):
        model(any_ground, ada, name)
    with any_ground.write() as tx:
        actions.add(tx, ada, kept, kind="model", name="ada/one", note="The first")
        actions.add(tx, ada, kept, kind="model", name="models/ada/two")
        actions.add(tx, ada, kept, kind="paper", name="2307.09288")
        with pytest.raises(Conflict):
            actions.add(tx, ada, kept, kind="model", name="ADA/one")
        with pytest.raises(Unknown):
            actions.add(tx, ada, kept, kind="model", name="ada/none")
        with pytest.raises(Unknown):
            actions.add(tx, ada, kept, kind="paper", name="not-a-paper")
        with pytest.raises(Invalid):
            actions.add(tx, ada, kept, kind="song", name="x")
        first, second, third = held(tx, ada, kept)
        actions.change_item(tx, ada, kept, first.key, position=1, note="Moved")
        assert [each.key for each in held(tx, ada, kept)] == [second.key, first.key, third.key]
        assert [each.position for each in held(tx, ada, kept)] == [0, 1, 2]
        actions.take_out(tx, ada, kept, second.key)
        left = held(tx, ada, kept)
        assert [(each.target, each.position) for each in left][1] == ("2307.09288", 1)
        assert left[0].note == "Moved"


def test_an_item_that_became_private_is_hidden_from_others(any_ground, ada, bob, kept):
    model(any_ground, ada, "secret", visibility="private")
    with any_ground.write() as tx:
        actions.add(tx, ada, kept, kind="model", name="ada/secret")
        assert len(held(tx, ada, kept)) == 1
        assert held(tx, bob, kept) == []
        asked = Filters(holding=[(ItemKind.MODEL, "ada/secret")])
        assert len(queries.collections(tx, ada, asked).collections) == 1
        assert not queries.collections(tx, bob, asked).collections


def test_what_is_hidden_leaves_no_gap_in_the_places_of_the_others(any_ground, ada, bob, kept):
    for name, visibility in (("a", "public"), ("b", "private"), ("c", "public")):
        model(any_ground, ada, name, visibility=visibility)
        with any_ground.write() as tx:
            actions.add(tx, ada, kept, kind="model", name=f"ada/{name}")
    with any_ground.write() as tx:
        actions.create(tx, ada, owner="ada", title="Drafts", is_private=True)
        last = actions.create(tx, ada, owner="ada", title="Large models")
        assert [each.position for each in held(tx, bob, kept)] == [0, 1]
        assert [each.position for each in held(tx, ada, kept)] == [0, 1, 2]
        places = {
            viewer.name: [each.position for each in queries.kept_by(tx, viewer, kept.owner.id)]
            for viewer in (ada, bob)
        }
        assert places == {"ada": [0, 1, 2], "bob": [0, 1]}
        assert queries.collection(tx, bob, "ada", last.key).position == 1


def test_who_moves_something_counts_the_places_they_see():
    assert rules.moved([1, 2, 3, 4], 4, 1, seen=[1, 3, 4]) == [1, 2, 4, 3]
    assert rules.moved([1, 2, 3, 4], 1, 2, seen=[1, 3, 4]) == [2, 3, 4, 1]
    assert rules.moved([1, 2, 3, 4], 1, 1, seen=[1, 3, 4]) == [2, 3, 1, 4]


def test_a_bucket_is_collected_and_seen_by_who_may_read_it(any_ground, ada, bob, kept):
    with any_ground.write() as tx:
        for name, is_private in (("runs", False), ("secret", True)):
            buckets.create(tx, ada, owner="ada", name=name, is_private=is_private)
            actions.add(tx, ada, kept, kind="bucket", name=f"ada/{name}")
        assert [each.bucket.name for each in held(tx, ada, kept)] == ["runs", "secret"]
        assert [each.bucket.name for each in held(tx, bob, kept)] == ["runs"]
        own = actions.create(tx, bob, owner="bob", title="Mine")
        with pytest.raises(Unknown):
            actions.add(tx, bob, own, kind="bucket", name="ada/secret")
        with pytest.raises(Conflict):
            actions.add(tx, ada, kept, kind="bucket", name="ada/runs")
        found = queries.collections(tx, bob, Filters(holding=[(ItemKind.BUCKET, "ada/runs")]))
        assert [each.key for each in found.collections] == [kept.key]


def test_collections_are_recommended_and_listed_by_that(any_ground, ada, bob, kept):
    with any_ground.write() as tx:
        other = actions.create(tx, ada, owner="ada", title="Other")
        assert actions.recommend(tx, bob, kept, wanted=True) == 1
    with any_ground.write() as tx:
        again = queries.collection(tx, bob, "ada", kept.key)
        assert actions.recommend(tx, bob, again, wanted=True) == 1
        first = queries.collections(tx, bob, Filters(), Sort.UPVOTES, limit=1)
        assert [each.key for each in first.collections] == [kept.key]
        rest = queries.collections(tx, bob, Filters(), Sort.UPVOTES, after=first.after, limit=1)
        assert ([each.key for each in rest.collections], rest.after) == ([other.key], None)
        assert actions.recommend(tx, bob, again, wanted=False) == 0


def test_a_collection_is_moved_among_its_owners_and_deleted_whole(any_ground, ada, bob, kept):
    with any_ground.write() as tx:
        second = actions.create(tx, ada, owner="ada", title="Second")
        actions.add(tx, ada, second, kind="collection", name=kept.slug)
        actions.change(tx, ada, second, position=0)
        order = queries.kept_by(tx, ada, ada.id)
        assert [each.title for each in order] == ["Second", "Small models!"]
        actions.recommend(tx, bob, kept, wanted=True)
        with pytest.raises(Denied):
            actions.remove(tx, bob, kept)
        actions.remove(tx, ada, kept)
        with pytest.raises(Unknown):
            queries.collection(tx, ada, "ada", kept.key)
        assert held(tx, ada, second) == []
