"""Liking, following and collecting, by forms alone."""

import re

from tests.web.conftest import text


def test_a_model_is_liked_and_no_longer(ada):
    model = ada.model()
    bob = ada.other().join("bob")
    bob.send(f"{model}/like")
    assert "Liked · 1" in text(bob.see(model))
    assert "Like · 1" in text(ada.see(model))
    assert "tiny" in text(bob.see("/users/bob/likes"))
    bob.send(f"{model}/like", undo="yes")
    assert "Like · 0" in text(bob.see(model))


def test_somebody_is_followed_and_no_longer(ada):
    bob = ada.other().join("bob")
    bob.send("/users/ada/follow")
    assert "1 followers" in text(bob.see("/ada"))
    assert "bob" in text(ada.see("/users/ada/followers"))
    assert "ada" in text(ada.see("/users/bob/following"))
    bob.send("/users/ada/follow", undo="yes")
    assert "0 followers" in text(bob.see("/ada"))


def test_a_collection_is_made_filled_ordered_and_deleted(ada):
    model = ada.model()
    made = ada.send("/new-collection", title="Small ones", description="Why", owner="")
    where = made.headers["location"]
    ada.send(where, act="add", kind="model", name=model.lstrip("/"), note="My model")
    ada.send(where, act="add", kind="paper", name="2307.09288", note="")
    ada.send(where, 404, act="add", kind="model", name="ada/none")
    page = ada.see(where)
    assert "My model" in text(page)
    first = re.findall(r'name="item" value="([0-9a-f]{24})"', page.text)[0]
    ada.send(where, act="place", item=first, position="1")
    assert ada.see(where).text.index("2307.09288") < ada.see(where).text.index("My model")
    ada.send(where, act="note", item=first, note="Another note")
    assert "Another note" in text(ada.see(where))
    ada.send(where, act="take-out", item=first)
    assert "Another note" not in text(ada.see(where))
    assert "Small ones" in text(ada.see("/collections?owner=ada"))
    bob = ada.other().join("bob")
    bob.send(where, act="recommend")
    assert "Recommended by you · 1" in text(bob.see(where))
    bob.send(where, 403, act="delete")
    ada.send(where, act="change", title="Mine", description="", private="on")
    bob.see(where, status=404)
    ada.send(where, act="delete")
    ada.see(where, status=404)


def test_a_title_that_is_taken_is_said_in_the_form(ada):
    ada.send("/new-collection", title="Twice")
    assert "already" in text(ada.send("/new-collection", 409, title="Twice"))
