"""The page of a bucket."""

from iriai.buckets import actions
from iriai.buckets.rules import EMPTY_XET_HASH, Put
from iriai.identity import actions as identity
from iriai.identity import queries as people
from iriai.identity.rules import OPERATOR
from tests.web.conftest import text


def test_a_bucket_shows_its_files_and_stands_on_its_owners_page(visitor):
    ground = visitor.ground
    made = identity.add_person(ground, OPERATOR, name="ada")
    with ground.write() as tx:
        ada = people.actor(tx, made.id)
        bucket = actions.create(tx, ada, owner="ada", name="runs", is_private=False)
        actions.create(tx, ada, owner="ada", name="secret-runs", is_private=True)
        files = [Put(path, EMPTY_XET_HASH) for path in ("a.txt", "logs/é #1.txt")]
        actions.batch(tx, ada, bucket, files)
    page = visitor.see("/buckets/ada/runs").text
    assert 'href="/buckets/ada/runs/tree/logs"' in page
    inside = visitor.see("/buckets/ada/runs/tree/logs").text
    assert "/buckets/ada/runs/resolve/logs/%C3%A9%20%231.txt?download=true" in inside
    assert visitor.see("/buckets/ADA/Runs", 303).headers["location"] == "/buckets/ada/runs"
    owner = visitor.see("/ada").text
    assert "/buckets/ada/runs" in owner
    assert "secret-runs" not in owner
    visitor.see("/buckets/ada/secret-runs", 404)
    visitor.see("/buckets/ada/runs/tree/none", 404)


def test_a_bucket_is_made_filled_emptied_and_deleted_by_forms(ada):
    where = ada.send("/buckets/new", owner="ada", name="runs", visibility="private")
    where = where.headers["location"]
    assert where == "/buckets/ada/runs"
    ada.send("/buckets/new", status=409, owner="ada", name="runs", visibility="public")
    content = bytes(range(256)) * 500
    files = [("files", ("big.bin", content)), ("files", ("empty.txt", b""))]
    ada.send(where, files=files, act="send", folder="logs/")
    inside = ada.see(f"{where}/tree/logs")
    assert "big.bin" in inside.text
    assert ada.client.get(f"{where}/resolve/logs/big.bin").content == content
    ada.send(where, status=400, act="send", folder="../up", files=[("files", ("a", b"x"))])
    ada.send(where, act="remove", path="logs/big.bin")
    assert "big.bin" not in ada.see(f"{where}/tree/logs").text
    bob = ada.other().join("bob")
    bob.send(where, status=404, act="send", files=[("files", ("a", b"x"))])
    ada.send(where, status=400, act="delete", confirm="runs")
    ada.send(where, act="delete", confirm="ada/runs")
    ada.see(where, 404)


def test_an_organisations_bucket_is_deleted_by_its_administrators(ada):
    ada.send("/organizations/new", name="lab", fullname="The Lab")
    where = ada.send("/buckets/new", owner="lab", name="runs", visibility="public")
    where = where.headers["location"]
    bob = ada.other().join("bob")
    assert "Delete this bucket" not in text(bob.see(where))
    bob.send(where, status=403, act="delete", confirm="lab/runs")
    ada.send(where, act="delete", confirm="lab/runs")
    ada.see(where, 404)
