"""Buckets: one number for one thing, files that change, and bytes that go when nobody has them."""

from datetime import timedelta

import pytest

from iriai.base.errors import Conflict, Denied, Invalid, Unknown
from iriai.blobs import actions as blobs
from iriai.blobs.rules import Origin
from iriai.blobs.tables import RepoObject, StoredBytes, XetFile
from iriai.buckets import actions, changes, queries, releasing, rules
from iriai.buckets.rules import Folder, Put, Remove
from iriai.identity import actions as identity
from iriai.identity import queries as people
from iriai.identity.rules import ANYONE, OPERATOR
from iriai.repos import actions as repos

pytestmark = pytest.mark.either_state


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


def made(ground, ada, name="runs", *, is_private=False):
    with ground.write() as tx:
        return actions.create(tx, ada, owner="ada", name=name, is_private=is_private)


def sent(ground, bucket, digit):
    """A file of the hash `digit`… that is registered as sent to this bucket."""
    name, sha256 = digit * 64, digit * 63 + "f"
    with ground.write() as tx:
        terms = {"damaged": False, "created_at": tx.now, "terms": b""}
        file = {"hash": name, "sha256": sha256, "size": int(digit, 16), **terms}
        blobs.insert_new(tx, XetFile, [file])
        row = {"sha256": sha256, "size": int(digit, 16), "blob_state": "none", "xet_hash": name}
        blobs.insert_new(tx, StoredBytes, [{**row, "created_at": tx.now, "asserted_at": tx.now}])
        blobs.hold(tx, bucket.id, [sha256], Origin.SENT)
    return name


def changed(ground, actor, bucket, *operations):
    with ground.write() as tx:
        return actions.batch(tx, actor, bucket, operations)


def listed(ground, ada, bucket, prefix="", *, recursive=False, limit=2):
    """The paths of a listing, page by page; folders end in a slash."""
    found, after = [], ""
    for _ in range(50):
        with ground.read() as tx:
            page = queries.listing(
                tx, bucket, prefix, recursive=recursive, after=after, limit=limit
            )
        found += [
            each.path + "/" if isinstance(each, Folder) else each.path for each in page.entries
        ]
        if page.after is None:
            return found
        after = page.after
    raise AssertionError("the listing does not end")


def test_a_number_is_never_both_a_buckets_and_a_repositorys(any_ground, ada):
    repo = repos.create(any_ground, ada, kind="model", owner="ada", name="tiny")
    bucket = made(any_ground, ada)
    other = repos.create(any_ground, ada, kind="model", owner="ada", name="tiny2")
    assert repo.id < bucket.id < other.id


def test_a_name_is_taken_while_its_bucket_is_there(any_ground, ada, bob):
    bucket = made(any_ground, ada)
    with pytest.raises(Conflict):
        made(any_ground, ada, "Runs")
    with pytest.raises(Invalid):
        made(any_ground, ada, "../x")
    with any_ground.write() as tx, pytest.raises(Denied):
        actions.create(tx, bob, owner="ada", name="other", is_private=False)
    with any_ground.write() as tx:
        actions.delete(tx, ada, bucket)
    assert made(any_ground, ada).id != bucket.id


def test_a_private_bucket_is_unknown_to_others(any_ground, ada, bob):
    made(any_ground, ada, is_private=True)
    with any_ground.read() as tx:
        assert queries.bucket(tx, ada, "ADA/Runs").is_private
        for viewer in (bob, ANYONE):
            with pytest.raises(Unknown):
                queries.bucket(tx, viewer, "ada/runs")
            assert queries.buckets_of(tx, viewer, ada.id) == []


def test_files_come_change_and_go_and_are_counted(any_ground, ada, bob):
    bucket = made(any_ground, ada)
    three, five = sent(any_ground, bucket, "3"), sent(any_ground, bucket, "5")
    with pytest.raises(Denied):
        changed(any_ground, bob, bucket, Put("a", three))
    done = changed(
        any_ground, ada, bucket, Put("a", three), Put("b/c", five), Put("d", "9" * 64), Remove("x")
    )
    assert (done.added, [each.path for each in done.failures]) == (2, ["d"])
    changed(any_ground, ada, bucket, Put("a", five), Put("e", rules.EMPTY_XET_HASH), Remove("b/c"))
    with any_ground.read() as tx:
        now = queries.bucket(tx, ANYONE, "ada/runs")
        assert (now.file_count, now.bytes) == (2, 5)
        assert queries.file(tx, now, "e").size == 0
        with pytest.raises(Unknown):
            queries.file(tx, now, "b/c")


def test_a_listing_is_by_prefix_and_the_same_in_pages_of_any_length(any_ground, ada):
    bucket = made(any_ground, ada)
    name = sent(any_ground, bucket, "3")
    paths = ["B", "a", "logs.json", "logs/1", "logs/2", "logs/deep/3", "logs0", "logs_old/4", "é"]
    changed(any_ground, ada, bucket, *(Put(path, name) for path in paths))
    for limit in (1, 2, 3, 100):
        assert listed(any_ground, ada, bucket, recursive=True, limit=limit) == paths
        assert listed(any_ground, ada, bucket, limit=limit) == [
            "B", "a", "logs.json", "logs/", "logs0", "logs_old/", "é",
        ]  # fmt: skip
        assert listed(any_ground, ada, bucket, "logs", limit=limit) == [
            "logs.json", "logs/1", "logs/2", "logs/deep/", "logs0", "logs_old/",
        ]  # fmt: skip
        assert listed(any_ground, ada, bucket, "logs/", limit=limit) == [
            "logs/1", "logs/2", "logs/deep/",
        ]  # fmt: skip


def test_what_no_file_has_is_let_go_after_the_grace(any_ground, ada, clock):
    bucket = made(any_ground, ada)
    three, five = sent(any_ground, bucket, "3"), sent(any_ground, bucket, "5")
    changed(any_ground, ada, bucket, Put("a", three), Put("b", five))
    changed(any_ground, ada, bucket, Remove("b"))
    assert releasing.release_all(any_ground) == 0
    clock.advance(days=31)
    assert releasing.release_all(any_ground) == 1
    again = changed(any_ground, ada, bucket, Put("b", five), Put("c", three))
    assert [each.path for each in again.failures] == ["b"]
    with any_ground.write() as tx:
        actions.delete(tx, ada, bucket)
    assert releasing.purge(any_ground, bucket.id)
    with any_ground.read() as tx:
        left = tx.connection.execute(
            RepoObject.__table__.select().where(RepoObject.repo_id == bucket.id)
        )
        assert left.all() == []


def test_a_batch_that_makes_no_sense_is_refused_whole():
    for line in (
        {"type": "addFile", "path": "a"},
        {"type": "addFile", "path": "a", "xetHash": "Z" * 64},
        {"type": "copyFile", "path": "a", "xetHash": "a" * 64},
        {"type": "rename", "path": "a"},
        {"type": "deleteFile"},
        {"type": "addFile", "path": "a", "xetHash": "a" * 64, "mtime": "now"},
    ):
        with pytest.raises(Invalid):
            rules.operations([line])


def test_who_follows_from_a_moment_hears_of_a_batch_that_had_to_wait_and_of_the_one_before(
    any_ground, ada, clock
):
    bucket = made(any_ground, ada)
    names = [sent(any_ground, bucket, digit) for digit in "12"]
    moments = [clock.moment + timedelta(seconds=seconds) for seconds in (2, 0)]
    for path, name, clock.moment in zip("ab", names, moments, strict=True):
        changed(any_ground, ada, bucket, Put(path, name))
    clock.moment = moments[0]
    with any_ground.read() as tx:
        cursor = changes.since(tx, bucket, moments[1] + timedelta(seconds=1))
        told = list(changes.after(tx, bucket.id, cursor))
    assert [each.changes[0]["path"] for each in told] == ["a", "b"]
