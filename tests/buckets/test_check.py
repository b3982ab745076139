"""What `iriai check` finds in buckets."""

from sqlalchemy import update

from iriai.buckets import actions, check
from iriai.buckets.rules import EMPTY_XET_HASH, Put
from iriai.buckets.tables import BucketFile, BucketRow
from iriai.identity import actions as identity
from iriai.identity import queries as people
from iriai.identity.rules import OPERATOR


def test_a_file_that_is_not_held_and_figures_that_are_wrong_are_found(any_ground):
    made = identity.add_person(any_ground, OPERATOR, name="ada")
    with any_ground.write() as tx:
        ada = people.actor(tx, made.id)
        bucket = actions.create(tx, ada, owner="ada", name="runs", is_private=False)
        actions.batch(tx, ada, bucket, [Put("a.txt", EMPTY_XET_HASH), Put("b", EMPTY_XET_HASH)])
    assert list(check.findings(any_ground)) == []
    with any_ground.write() as tx:
        wrong = {"xet_hash": "1" * 64, "sha256": "2" * 64, "size": 5}
        tx.connection.execute(update(BucketFile).where(BucketFile.path == "a.txt").values(**wrong))
    said = [each.message for each in check.findings(any_ground)]
    assert len(said) == 2
    assert "which it does not hold" in said[0]
    assert "2 files of 0 bytes, and has 2 of 5" in said[1]
    with any_ground.write() as tx:
        tx.connection.execute(update(BucketRow).values(bytes=5))
    assert len(list(check.findings(any_ground))) == 1
