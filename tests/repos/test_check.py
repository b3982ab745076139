"""What `iriai check` says of repositories, sound and broken ones."""

import pytest
from sqlalchemy import delete, update

from iriai.blobs.tables import RepoObject
from iriai.repos import actions, check
from iriai.repos.actions import AddLarge
from iriai.repos.tables import PackRow, RefRow


@pytest.fixture
def repo(town):
    made = town.repo()
    sha256 = town.send(made, b"large")
    change = [AddLarge("d/m.bin", sha256)]
    actions.commit(town.ground, town.ada, made, change, title="t")
    actions.create_tag(town.ground, town.ada, made, "v1", message="one")
    return made


def found(town):
    return [(finding.subject, finding.message) for finding in check.findings(town.ground)]


def test_a_sound_hub_has_no_findings(any_town):
    one = any_town.repo()
    any_town.commit(one, {"a": b"1"})
    any_town.repo("two", kind="dataset")
    assert found(any_town) == []


def test_a_lost_pack_is_found(town, repo):
    key = next(entry.key for entry in town.ground.store.entries("git/") if "idx" in entry.key)
    town.ground.store.delete(key)
    assert found(town) == [("repo/ada/tiny", f"{key} is missing from the store.")]


def test_a_flipped_bit_in_a_pack_is_found(town, repo):
    packs = [each for each in town.ground.store.entries("git/") if each.key.endswith(".pack")]
    largest = max(packs, key=lambda entry: entry.size)
    path = town.ground.store.local_path(largest.key)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 4
    path.chmod(0o644)
    path.write_bytes(raw)
    assert found(town) != []


def test_a_ref_that_leads_nowhere_is_found(town, repo):
    with town.ground.write() as tx:
        tx.connection.execute(
            update(RefRow).where(RefRow.name == "refs/tags/v1").values(sha="a" * 40)
        )
    assert any("refs/tags/v1 names" in message for _, message in found(town))


def test_a_commit_whose_objects_are_missing_is_found(town, repo):
    with town.ground.write() as tx:
        largest = tx.connection.execute(
            PackRow.__table__.select().order_by(PackRow.bytes.desc())
        ).first()
        tx.connection.execute(delete(PackRow).where(PackRow.name == largest.name))
    town.objects(repo).refresh()
    assert found(town) != []


def test_a_pointer_whose_bytes_are_not_held_is_found(town, repo):
    with town.ground.write() as tx:
        tx.connection.execute(delete(RepoObject))
    assert any("'d/m.bin' points to" in message for _, message in found(town))


def test_a_repository_without_main_is_found(town, repo):
    with town.ground.write() as tx:
        tx.connection.execute(delete(RefRow).where(RefRow.name == "refs/heads/main"))
    assert ("repo/ada/tiny", "It has no main branch.") in found(town)
