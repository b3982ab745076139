"""A repository reads what its own writer sent, or copied from where they could read it."""

import pytest
from tests.blobs.conftest import ADA, BOB, EVE, readable, sha256, staged
from tests.support import xet

from iriai.base.errors import Invalid
from iriai.blobs import actions, queries

CONTENT = xet.noise(50_000, seed=9)


def link(sender, digests, *reads):
    with sender.ground.write() as tx:
        return actions.link(tx, sender.repo_id, digests, readable=readable(*reads))


def test_an_object_is_linked_only_from_where_it_can_be_read(any_sender):
    digest = any_sender(ADA).by_lfs(CONTENT)
    assert link(any_sender(EVE), [digest], BOB, EVE) == set()
    assert any_sender(EVE).object(digest) is None
    assert link(any_sender(BOB), [digest], ADA) == {digest}
    assert any_sender(BOB).object(digest).size == len(CONTENT)


def test_what_a_repository_holds_already_needs_no_source(sender):
    digest = sender(ADA).by_lfs(CONTENT)
    assert link(sender(ADA), [digest]) == {digest}


def test_what_does_not_exist_is_not_linked(sender):
    assert link(sender(ADA), [sha256(b"nothing")], ADA, BOB) == set()


def test_more_objects_than_fit_into_one_statement_are_found(sender):
    digests = [sender(ADA).by_lfs(bytes([n])) for n in range(3)]
    asked = [sha256(str(n).encode()) for n in range(1_200)] + digests
    assert link(sender(BOB), asked, ADA) == set(digests)
    with sender(BOB).ground.read() as tx:
        assert set(queries.objects(tx, BOB, asked)) == set(digests)
        assert queries.bytes_held(tx, BOB) == 3
        assert [each.sha256 for each in queries.held(tx, BOB)] == sorted(digests)
        assert queries.holders(tx, digests[0]) == {ADA, BOB}


def test_sending_the_bytes_oneself_is_good_whoever_has_them_too(sender):
    sender(ADA).by_lfs(CONTENT)
    digest = sender(EVE).by_lfs(CONTENT)
    assert sender(EVE).object(digest) is not None
    assert len(list(sender(EVE).ground.store.entries("lfs/"))) == 1


def test_an_object_that_came_by_xet_needs_no_whole_copy(sender, folders):
    sender(ADA).by_xet(folders(), CONTENT)
    digest = sender(BOB).by_lfs(CONTENT)
    assert list(sender(BOB).ground.store.entries("lfs/")) == []
    assert sender(BOB).read(digest) == CONTENT


def test_a_repository_that_is_released_holds_nothing_and_others_keep_theirs(sender):
    digest = sender(ADA).by_lfs(CONTENT)
    link(sender(BOB), [digest], ADA)
    with sender(ADA).ground.write() as tx:
        assert actions.release(tx, ADA) == 1
    assert sender(ADA).object(digest) is None
    assert sender(BOB).object(digest) is not None


def test_what_no_commit_names_is_released_once_it_is_old(sender, clock):
    old = sender(ADA).by_lfs(b"old and never committed")
    named = sender(ADA).by_lfs(b"old and committed")
    clock.advance(days=31)
    new = sender(ADA).by_lfs(b"new")
    before = clock()
    clock.advance(seconds=1)
    with sender(ADA).ground.write() as tx:
        assert actions.release_unreferenced(tx, ADA, {named}, before=before) in (1, 2)
    assert sender(ADA).object(old) is None
    assert sender(ADA).object(named) is not None
    assert new != old


def test_a_size_that_is_not_the_objects_own_is_refused(sender):
    from iriai.blobs import receiving

    digest = sender(ADA).by_lfs(CONTENT)
    path = staged(sender(ADA).ground, b"short")
    with pytest.raises(Invalid, match="not as long"):
        receiving.receive_object(sender(ADA).ground, EVE, digest, 5, path)
    assert not path.exists()
    assert sender(EVE).object(digest) is None
