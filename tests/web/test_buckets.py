"""The page of a bucket."""

from iriai.buckets import actions
from iriai.buckets.rules import EMPTY_XET_HASH, Put
from iriai.identity import actions as identity
from iriai.identity import queries as people
from iriai.identity.rules import OPERATOR


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
