"""Who may keep how much: told to the parts below; where nothing is limited nothing is asked."""

import pytest
from sqlalchemy import event
from tests.support.commons import Town
from tests.support.overlap import overlapping

from iriai.base.errors import Excessive
from iriai.blobs import actions as blobs
from iriai.blobs.rules import BlobState, Origin
from iriai.blobs.tables import StoredBytes
from iriai.commons.enactment import storage
from iriai.commons.pot import powers
from iriai.identity.rules import Actor, Role
from iriai.repos import actions, queries, room
from iriai.repos.actions import Add, DeleteFile

KILOBYTE = 1_000


def give(town, amount, unit="bytes_logical"):
    with town.ground.write() as tx:
        powers.declare(
            tx, "system:test", town.commons_id, "lab", unit=unit, by="ETH", amount=amount,
            cited={"decision": "lab/1"},
        )  # fmt: skip
        storage.refresh(tx, town.commons_id)


def made(town, name="corpus", *, by="ada"):
    actor = writer(town, by)
    return actor, actions.create(town.ground, actor, kind="dataset", owner="lab", name=name)


def writer(town, name):
    return Actor(id=town.person(name).id, name=name, roles={town.account_id: Role.WRITE})


def send(town, actor, repo, size, path="rows.txt"):
    import os

    content = os.urandom(size)
    return actions.commit(town.ground, actor, repo, [Add(path, content)], title="Rows")


def limits(town, *names):
    with town.ground.read() as tx:
        found = storage._limits(tx, town.commons_id)
    return {
        name: found["bytes_logical", town.person(name).id if name else room.OTHERS][0]
        for name in names
    }


def test_a_member_fills_their_floor_and_may_always_delete(town):
    give(town, 600 * KILOBYTE)
    assert limits(town, "ada", "bob") == {"ada": 100 * KILOBYTE, "bob": 100 * KILOBYTE}
    actor, repo = made(town)
    send(town, actor, repo, 90 * KILOBYTE)
    with pytest.raises(Excessive, match=r"The limit of ada in lab is 100 kB .*/commons/lab/pot"):
        send(town, actor, repo, 20 * KILOBYTE, "more.txt")
    actions.commit(town.ground, actor, repo, [DeleteFile("rows.txt")], title="Less")
    bob, theirs = made(town, "lexicon", by="bob")
    send(town, bob, theirs, 90 * KILOBYTE)


def test_who_is_no_member_shares_what_nobody_was_promised(town):
    give(town, 600 * KILOBYTE)
    town.person("eve")
    town.person("fay")
    free = limits(town, None)[None]
    assert free == 300 * KILOBYTE
    eve, repo = made(town, by="eve")
    send(town, eve, repo, 200 * KILOBYTE)
    fay, other = made(town, "other", by="fay")
    with pytest.raises(Excessive, match="of all who are no members together in lab"):
        send(town, fay, other, 200 * KILOBYTE)


def test_one_member_more_makes_every_floor_smaller_with_the_clock(town):
    give(town, 600 * KILOBYTE)
    town.join("dan")
    town.tick(minutes=1)
    assert limits(town, "ada", "dan") == {"ada": 75 * KILOBYTE, "dan": 75 * KILOBYTE}
    actor, repo = made(town)
    with pytest.raises(Excessive, match="limit of ada in lab is 75 kB"):
        send(town, actor, repo, 90 * KILOBYTE)


def test_stored_bytes_are_limited_alike(town):
    give(town, 600 * KILOBYTE, "bytes_stored")
    actor, repo = made(town)
    with pytest.raises(Excessive, match="bytes stored"):
        send(town, actor, repo, 110 * KILOBYTE)


def test_what_is_given_back_limits_nobody(town):
    give(town, 600 * KILOBYTE)
    give(town, 0)
    actor, repo = made(town)
    send(town, actor, repo, 200 * KILOBYTE)


def test_where_nothing_is_limited_nothing_is_asked(town):
    asked = []
    listen = town.ground.engine
    event.listen(listen, "before_cursor_execute", lambda *each: asked.append(each[2]))
    actor, repo = made(town)
    send(town, actor, repo, KILOBYTE)
    with town.ground.read() as tx:
        room.require(tx, queries.by_id(tx, repo.id), more=10**15)
    before = len(asked)
    assert not [each for each in asked if "storage_limits" in each]
    give(town, 600 * KILOBYTE)
    send(town, actor, repo, KILOBYTE)
    assert [each for each in asked[before:] if "storage_limits" in each]


def test_two_uploads_at_once_do_not_share_the_room_that_is_left_for_one(any_ground):
    town = Town(any_ground).found("university", "ada", "bob", "cyd")
    give(town, 600 * KILOBYTE)
    repos = [made(town, name)[1] for name in ("one", "two")]

    def take(repo, digit):
        def work(tx):
            held = {"sha256": digit * 64, "size": 60 * KILOBYTE, "blob_state": BlobState.KEPT}
            row = held | {"created_at": tx.now, "asserted_at": tx.now}
            blobs.insert_new(tx, StoredBytes, [row])
            blobs.hold(tx, repo.id, [digit * 64], Origin.SENT)
            room.require(tx, repo)

        return work

    assert isinstance(overlapping(any_ground, take(repos[0], "a"), take(repos[1], "b")), Excessive)
