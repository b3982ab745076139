"""Uploads by Xet: what is true is registered, what is not leaves nothing behind."""

import threading
import time

import pytest
from sqlalchemy import delete, event, func, select
from tests.blobs.conftest import ADA, BOB, EVE, packed_contents, sha256
from tests.support import xet
from tests.support.overlap import overlapping

from iriai.base.errors import Excessive, HubError, Invalid
from iriai.blobs import actions, check, queries, receiving, registration, rules
from iriai.blobs.registration import Upload
from iriai.blobs.tables import FileXorb, RepoObject, Shard, StoredBytes, XetFile, Xorb
from iriai.blobs.xet import hashes, xorb
from iriai.blobs.xet import shard as shards

pytestmark = pytest.mark.either_state

TEXT = b"the same line again and again\n" * 30_000
RAWS = [xet.noise(20_000, seed=n) for n in range(4)]


def rows(ground, table) -> int:
    with ground.read() as tx:
        return tx.connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_real_upload_reads_back_whole_and_by_range(any_sender, folders):
    ada = any_sender(ADA)
    content = xet.noise(3_000_000, seed=1)
    ada.by_xet(folders(), content, TEXT, xet.floats(50_000, seed=2))
    assert ada.read(sha256(content)) == content
    assert ada.read(sha256(TEXT)) == TEXT
    for first, last in ((0, 0), (1_234_567, 2_345_678), (len(content) - 1, len(content) - 1)):
        assert ada.read(sha256(content), first, last) == content[first : last + 1]


def test_the_same_upload_again_is_nothing_new(any_sender, folders):
    ada = any_sender(ADA)
    packed = packed_contents(folders(), TEXT)
    name, path = next(iter(packed.xorbs.items()))
    assert ada.xorb(path.read_bytes(), name)
    assert ada.shard(packed.shards[0])
    assert not ada.shard(packed.shards[0])
    assert not ada.xorb(path.read_bytes(), name)


def test_an_upload_is_read_by_its_own_repository_only(sender, folders):
    sender(ADA).by_xet(folders(), TEXT)
    assert sender(BOB).object(sha256(TEXT)) is None
    stored = sender(ADA).object(sha256(TEXT))
    with sender(BOB).ground.read() as tx, pytest.raises(HubError, match="no such file"):
        queries.file_in(tx, BOB, stored.xet_hash)


def test_a_xorb_under_another_name_is_refused_and_not_kept(sender):
    body, _ = xet.xorb(RAWS)
    _, other = xet.xorb(RAWS[:2])
    with pytest.raises(Invalid, match="hash to its name"):
        sender(ADA).xorb(body, hashes.to_hex(other.root()))
    ground = sender(ADA).ground
    assert rows(ground, Xorb) == 0
    assert list(ground.store.entries("xorbs/")) == []
    assert list(ground.store.staging().iterdir()) == []


def test_a_footer_is_not_kept(sender):
    body, table = xet.xorb(RAWS)
    name = hashes.to_hex(table.root())
    sender(ADA).xorb(body + xet.footer(), name)
    (entry,) = sender(ADA).ground.store.entries("xorbs/")
    assert entry.size == len(body)


def honest():
    body, table = xet.xorb(RAWS)
    claim = xet.claim(table, 0, len(table), sha256(b"".join(RAWS)))
    return body, table, claim


def test_an_honest_shard_is_registered_and_kept_in_the_store(sender):
    ada = sender(ADA)
    body, table, claim = honest()
    ada.xorb(body, hashes.to_hex(table.root()))
    assert ada.shard(xet.shard([claim], [table]))
    assert ada.read(claim.sha256) == b"".join(RAWS)
    assert len(list(ada.ground.store.entries("shards/"))) == rows(ada.ground, Shard) == 1


def forged_sha256(claim, table):
    claim.sha256 = sha256(b"something else")


def forged_name(claim, table):
    claim.hash = bytes(range(32))


def forged_term_hash(claim, table):
    claim.term_hashes = [bytes(32)]


def no_term_hash(claim, table):
    claim.term_hashes = []


def forged_length(claim, table):
    digest, start, end, length = claim.terms[0]
    claim.terms = [(digest, start, end, length - 1)]


def term_past_the_end(claim, table):
    digest, start, end, length = claim.terms[0]
    claim.terms = [(digest, start, end + 1, length)]


def term_backwards(claim, table):
    digest, start, end, length = claim.terms[0]
    claim.terms = [(digest, end, start, length)]


def no_terms(claim, table):
    claim.terms, claim.term_hashes, claim.hash = [], [], bytes(32)


def missing_xorb(claim, table):
    _, start, end, length = claim.terms[0]
    claim.terms = [(bytes(32), start, end, length)]


FORGERIES = [
    forged_sha256,
    forged_name,
    forged_term_hash,
    no_term_hash,
    forged_length,
    term_past_the_end,
    term_backwards,
    no_terms,
    missing_xorb,
]


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_a_shard_that_says_what_is_not_true_registers_nothing(sender, forge):
    ada = sender(ADA)
    body, table, claim = honest()
    ada.xorb(body, hashes.to_hex(table.root()))
    forge(claim, table)
    with pytest.raises(Invalid):
        ada.shard(xet.shard([claim], [table]))
    assert rows(ada.ground, XetFile) == rows(ada.ground, StoredBytes) == 0
    assert rows(ada.ground, RepoObject) == rows(ada.ground, Shard) == 0


def test_a_shard_that_lists_other_chunks_of_a_xorb_is_refused(sender):
    ada = sender(ADA)
    body, table, claim = honest()
    ada.xorb(body, hashes.to_hex(table.root()))
    lying = bytearray(xet.shard([claim], [table]))
    lying[-48 - 20] ^= 1  # in the last chunk's record
    lying[-96] ^= 1
    with pytest.raises(Invalid, match="does not list the chunks"):
        ada.shard(bytes(lying))


def test_a_foreign_xorb_is_answered_exactly_as_a_missing_one(sender):
    body, table, claim = honest()
    name = hashes.to_hex(table.root())
    with pytest.raises(Invalid) as missing:
        sender(EVE).shard(xet.shard([claim], [table]))
    sender(ADA).xorb(body, name)
    sender(ADA).shard(xet.shard([claim], [table]))
    with pytest.raises(Invalid) as foreign:
        sender(EVE, reads=(BOB,)).shard(xet.shard([claim], [table]))
    assert str(foreign.value) == str(missing.value) == f"referenced xorb missing: {name}"
    assert foreign.value.code == missing.value.code
    assert sender(EVE).object(claim.sha256) is None


def test_a_shard_may_build_on_what_its_sender_may_read(sender):
    body, table, claim = honest()
    sender(ADA).xorb(body, hashes.to_hex(table.root()))
    sender(ADA).shard(xet.shard([claim], [table]))
    bob = sender(BOB, reads=(ADA,))
    assert bob.shard(xet.shard([claim]))
    assert bob.read(claim.sha256) == b"".join(RAWS)


def test_a_xorb_that_was_sent_and_never_registered_is_in_nobody_elses_reach(sender):
    body, table, claim = honest()
    sender(ADA).xorb(body, hashes.to_hex(table.root()))
    with pytest.raises(Invalid, match="missing"):
        sender(BOB, reads=(ADA,)).shard(xet.shard([claim]))


def test_a_file_without_a_claimed_sha256_gets_the_true_one(sender):
    ada = sender(ADA)
    body, table, claim = honest()
    ada.xorb(body, hashes.to_hex(table.root()))
    claim.sha256 = None
    ada.shard(xet.shard([claim], [table]))
    assert ada.object(sha256(b"".join(RAWS))).size == 80_000


def test_a_second_claim_for_a_verified_file_is_measured_by_the_first(sender):
    body, table, claim = honest()
    ada = sender(ADA)
    ada.xorb(body, hashes.to_hex(table.root()))
    ada.shard(xet.shard([claim], [table]))
    claim.sha256 = sha256(b"a planted name")
    with pytest.raises(Invalid, match="SHA-256"):
        ada.shard(xet.shard([claim], [table]))


def test_two_packings_of_one_content_are_one_object(sender, folders):
    ada, bob = sender(ADA), sender(BOB)
    content = b"".join(RAWS)
    ada.by_xet(folders(), content)
    body, table = xet.xorb([content[:50_000], content[50_000:]])
    bob.xorb(body, hashes.to_hex(table.root()))
    bob.shard(xet.shard([xet.claim(table, 0, 2, sha256(content))], [table]))
    assert ada.read(sha256(content)) == bob.read(sha256(content)) == content
    assert rows(ada.ground, XetFile) == 2
    assert rows(ada.ground, StoredBytes) == 1


@pytest.mark.parametrize("scheme", [xorb.STORED, xorb.LZ4, xorb.REGROUPED_LZ4])
def test_chunks_packed_otherwise_change_nothing_for_who_reads_them(any_sender, scheme):
    raws = [b"a chunk that packs well " * 500, b"and another of its kind " * 700]
    content = b"".join(raws)
    ada, eve = any_sender(ADA), any_sender(EVE)
    body, table = xet.xorb(raws, xorb.LZ4)
    name = hashes.to_hex(table.root())
    ada.xorb(body, name)
    ada.shard(xet.shard([xet.claim(table, 0, 2, sha256(content))], [table]))
    otherwise, _same = xet.xorb(raws, scheme)
    eve.xorb(otherwise, name)
    assert ada.read(sha256(content)) == content
    assert ada.ground.store.read(rules.xorb_key(name)) == body
    assert list(check.findings(ada.ground, read_data=(1, 1))) == []


def test_a_xorb_whose_bytes_were_lost_is_sent_anew_packed_otherwise(any_sender):
    raws = [b"a chunk that packs well " * 500, b"and another of its kind " * 700]
    content = b"".join(raws)
    ada = any_sender(ADA)
    body, table = xet.xorb(raws, xorb.LZ4)
    name = hashes.to_hex(table.root())
    ada.xorb(body, name)
    ada.shard(xet.shard([xet.claim(table, 0, 2, sha256(content))], [table]))
    ada.ground.store.delete(rules.xorb_key(name))
    otherwise, _same = xet.xorb(raws, xorb.STORED)
    ada.xorb(otherwise, name)
    assert ada.read(sha256(content)) == content
    assert ada.ground.store.read(rules.xorb_key(name)) == otherwise


def test_a_file_may_stand_in_a_shard_twice_with_its_sha256_and_without(any_sender):
    body, table, claim = honest()
    nameless = xet.claim(table, 0, len(table), None)
    ada = any_sender(ADA)
    ada.xorb(body, hashes.to_hex(table.root()))
    assert ada.shard(xet.shard([claim, nameless, claim], [table, table]))
    assert rows(ada.ground, XetFile) == rows(ada.ground, RepoObject) == 1


def test_of_one_file_out_of_two_packings_at_once_the_kept_xorbs_are_the_read_ones(
    any_sender, monkeypatch
):
    ada, bob, content = any_sender(ADA), any_sender(BOB), sha256(b"".join(RAWS))
    sent = []
    for each, extra in ((ada, 11), (bob, 12)):
        body, table = xet.xorb([*RAWS, xet.noise(20_000, seed=extra)])
        each.xorb(body, hashes.to_hex(table.root()))
        sent.append(xet.shard([xet.claim(table, 0, len(RAWS), content)], [table]))
    keep_shard, keep_terms = registration._keep_shard, registration._keep_terms
    written, comes = threading.Event(), threading.Event()

    def linger(tx, shard, row, found_by):
        if row["repo_id"] == ADA:
            written.set()
            comes.wait(1)  # SQLite keeps the other out until we have committed
            time.sleep(0.2)
        return keep_shard(tx, shard, row, found_by)

    def come(tx, fresh, digests):
        if written.is_set():
            comes.set()
        return keep_terms(tx, fresh, digests)

    monkeypatch.setattr(registration, "_keep_shard", linger)
    monkeypatch.setattr(registration, "_keep_terms", come)
    first = threading.Thread(target=ada.shard, args=(sent[0],))
    first.start()
    assert written.wait(20)
    bob.shard(sent[1])
    first.join()
    with ada.ground.read() as tx:
        (name,) = tx.connection.execute(select(XetFile.hash)).scalars()
        read = {hashes.to_hex(term.xorb) for term in queries.file(tx, name).terms}
        kept = set(tx.connection.execute(select(FileXorb.xorb_hash)).scalars())
    assert kept == read
    assert list(check.findings(ada.ground)) == []


def test_what_is_kept_for_a_file_must_be_what_it_is_read_from(sender, folders):
    ada = sender(ADA)
    ada.by_xet(folders(), b"".join(RAWS))
    with ada.ground.write() as tx:
        tx.connection.execute(delete(FileXorb))
    (found,) = check.findings(ada.ground)
    assert found.message == "is read from other xorbs than are kept for it"


def test_what_two_shards_may_both_write_is_written_in_one_order(sender):
    ada, written = sender(ADA), []
    raws = [b"%d" % n for n in range(50)]
    names = [sha256(raw) for raw in raws]
    body, table = xet.xorb(raws)
    ada.xorb(body, hashes.to_hex(table.root()))
    claims = [xet.claim(table, n, n + 1, names[n]) for n in range(len(raws))]
    files = {hashes.to_hex(claim.hash) for claim in claims}

    @event.listens_for(ada.ground.engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, parameters, _context, many):
        if statement.startswith(("INSERT INTO xet_files", "INSERT INTO objects")) and not many:
            known = files if "xet_files" in statement else set(names)
            written.append([each for each in parameters if each in known])

    ada.shard(xet.shard(claims, [table]))
    keys = [list(dict.fromkeys(each)) for each in written]
    assert [len(each) for each in keys] == [50, 50]
    assert keys == [sorted(each) for each in keys]


def over_and_over(raws, times):
    """A xorb, and a shard of one file that is all its chunks again and again."""
    body, table = xet.xorb(raws, xorb.LZ4)
    claim = xet.claim(table, 0, len(table), None)
    claim.terms *= times
    claim.term_hashes *= times
    return body, hashes.to_hex(table.root()), xet.shard([claim], [table])


def test_a_shard_that_names_more_than_can_be_hashed_is_refused_before_it_is(sender):
    ada, units = sender(ADA), 128
    length = units * xorb.CHUNK_RAW_MAX
    body, name, data = over_and_over(
        [bytes(xorb.CHUNK_RAW_MAX)] * units, rules.SHARD_NEW_BYTES_MAX // length + 1
    )
    ada.xorb(body, name)
    with pytest.raises(Excessive, match="new files"):
        ada.shard(data)
    body, name, data = over_and_over([b"tiny"] * 8192, shards.SHARD_CHUNKS_MAX // 8192 + 1)
    assert len(data) < 600_000 + 2**18
    ada.xorb(body, name)
    with pytest.raises(Excessive, match="chunks"):
        ada.shard(data)
    assert rows(ada.ground, XetFile) == 0


def test_files_for_which_there_is_no_room_are_refused_before_they_are_hashed(sender):
    ada, asked, hashed = sender(ADA), [], []
    body, table = xet.xorb(RAWS)
    ada.xorb(body, hashes.to_hex(table.root()))
    claims = [xet.claim(table, 0, end, sha256(b"".join(RAWS[:end]))) for end in (1, 2)]

    def send(claims, more_max):
        def fits(_tx, more):
            asked.append(more)
            if more > more_max:
                raise Excessive("There is no room for this.")

        upload = Upload(ADA, 7, queries.nowhere(), fits=fits)
        registration.register_shard(
            ada.ground,
            upload,
            xet.shard(claims, [table]),
            progress=lambda done, _total: hashed.append(done),
        )

    with pytest.raises(Excessive, match="no room"):
        send(claims, 0)
    assert (asked, hashed) == ([60_000], [])
    send(claims[:1], 20_000)
    send(claims[:1], 0)
    send(claims, 40_000)
    assert asked == [60_000, 20_000, 0, 40_000]


SCHEMES = (xorb.STORED, xorb.LZ4, xorb.REGROUPED_LZ4)


def send_at_once(ground, raws) -> list[bool]:
    """Send a xorb twice in each packing, all at the same moment. What each was answered."""
    ready, answers = threading.Barrier(2 * len(SCHEMES)), []

    def send(number):
        body, table = xet.xorb(raws, SCHEMES[number % len(SCHEMES)])
        path = ground.store.staging() / f"upload-{number}"
        path.write_bytes(body)
        ready.wait(30)
        name = hashes.to_hex(table.root())
        answers.append(receiving.receive_xorb(ground, ADA, name, path, table))

    threads = [threading.Thread(target=send, args=(n,)) for n in range(2 * len(SCHEMES))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.either_state(sampled=False)
def test_of_many_packings_of_a_xorb_that_come_at_once_one_is_kept(any_sender, damaged):
    ada = any_sender(ADA)
    for attempt in range(4):
        raws = [xet.floats(4_000, seed=attempt), b"a chunk that packs well " * 500]
        content = b"".join(raws)
        body, table = xet.xorb(raws)
        name = hashes.to_hex(table.root())
        if damaged:
            ada.xorb(body, name)
            ada.ground.store.delete(rules.xorb_key(name))
        answers = send_at_once(ada.ground, raws)
        assert sorted(answers) == [False] * (5 + damaged) + [True] * (not damaged)
        ada.shard(xet.shard([xet.claim(table, 0, 2, sha256(content))], [table]))
        assert ada.read(sha256(content)) == content
    assert list(check.findings(ada.ground, read_data=(1, 1))) == []


def test_bytes_that_a_dead_upload_left_are_not_taken_for_those_of_the_next(any_sender):
    ada = any_sender(ADA)
    raws = [b"a chunk that packs well " * 500, xet.noise(12_000, seed=3)]
    content = b"".join(raws)
    body, table = xet.xorb(raws, xorb.LZ4)
    name = hashes.to_hex(table.root())
    as_long = xet.xorb(raws, xorb.REGROUPED_LZ4)[0].ljust(len(body), b"\0")[: len(body)]
    ada.ground.store.put(rules.xorb_key(name), as_long)
    ada.xorb(body, name)
    ada.shard(xet.shard([xet.claim(table, 0, 2, sha256(content))], [table]))
    assert ada.read(sha256(content)) == content
    assert list(check.findings(ada.ground, read_data=(1, 1))) == []


def test_progress_goes_from_nothing_to_all(sender, folders):
    ada = sender(ADA)
    packed = packed_contents(folders(), xet.noise(4_000_000, seed=5))
    for name, path in packed.xorbs.items():
        ada.xorb(path.read_bytes(), name)
    seen = []
    registration.register_shard(
        ada.ground,
        Upload(ADA, None, queries.nowhere()),
        packed.shards[0],
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == sorted(seen)
    assert seen[-1] == (4_000_000, 4_000_000)
    assert len(seen) > 2


def test_a_file_of_two_xorbs_that_are_healed_at_once_is_whole_again(any_sender):
    ada = any_sender(ADA)
    sent = [xet.xorb(RAWS[:2]), xet.xorb(RAWS[2:])]
    names = [hashes.to_hex(table.root()) for _, table in sent]
    for (body, _), name in zip(sent, names, strict=True):
        ada.xorb(body, name)
    content = sha256(b"".join(RAWS))
    tables = [table for _, table in sent]
    runs = [each.hashes_of(0, 2) for each in tables]
    lengths = [list(each.lengths(0, 2)) for each in tables]
    claim = xet.FileClaim(
        hashes.file_hash(runs[0] + runs[1], lengths[0] + lengths[1]),
        [(each.root(), 0, 2, sum(each.lengths(0, 2))) for each in tables],
        [hashes.term_hash(run) for run in runs],
        content,
    )
    ada.shard(xet.shard([claim], tables))
    with ada.ground.write() as tx:
        for name in names:
            actions.mark_xorb_damaged(tx, name)

    def heal(place):
        return lambda tx: actions.keep_xorb(tx, ADA, names[place], tables[place])

    overlapping(ada.ground, heal(0), heal(1))
    assert ada.read(content) == b"".join(RAWS)
