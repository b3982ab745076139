"""A log that is signed, and what becomes of those who tamper with it (A13)."""

import json
import random
import shutil
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text, update
from tests.support.overlap import overlapping

from iriai.base import events, jobs, merkle
from iriai.base.events import HUB, Event, LogNode
from iriai.cli.main import iriai
from iriai.commons.breakglass.tables import OperatorAct
from iriai.commons.tlog import actions, queries, replaying, rules
from iriai.commons.tlog import jobs as tlog_jobs  # noqa: F401


def recorded(ground, count):
    for number in range(count):
        with ground.write() as tx:
            tx.record(HUB, "ada", "created", f"repo/ada/r{number}", private={"why": str(number)})


@pytest.fixture
def signed(ground):
    """A log with three checkpoints; the key's entry is the first."""
    for count in (3, 5, 4):
        recorded(ground, count)
        actions.checkpoint(ground, HUB)
    return ground


def run(ground, *words):
    ground.engine.dispose()
    told = CliRunner().invoke(iriai, [*words, "--data", str(ground.settings.data)])
    assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
    return told


def verify(ground, *words):
    return run(ground, "commons", "log", "verify", *words)


def test_a_whole_log_is_said_to_be_whole(signed):
    told = verify(signed, "hub")
    assert told.exit_code == 0, told.output
    assert "whole. 13 entries are as the newest of 3 checkpoints says" in told.output


def test_what_is_signed_is_what_is_sealed(any_ground):
    recorded(any_ground, 4)
    signed = actions.checkpoint(any_ground, HUB)
    with any_ground.read() as tx:
        key = queries.key(tx, HUB)
        head = events.head(tx, HUB)
    note = rules.read_note(signed.note)
    assert rules.signers(note, [key.key]) == [key.key]
    said = rules.read_checkpoint(note.text)
    assert (said.size, said.root) == (head.size, head.root) == (5, signed.root)
    assert said.origin == "127.0.0.1:8700/api/commons/hub/log"


def test_two_who_sign_a_log_for_the_first_time_make_one_key(any_ground):
    def settle(tx):
        actions.settle_key(tx, HUB)

    overlapping(any_ground, settle, settle)
    with any_ground.read() as tx:
        assert len(queries.keys(tx, HUB)) == 1


def test_the_key_stands_in_the_log_that_it_signs(signed):
    with signed.read() as tx:
        entries = [json.loads(entry) for _, entry in queries.entries(tx, HUB)]
        key = queries.key(tx, HUB)
    published = [each for each in entries if each["verb"] == "published"]
    assert [each["facts"]["key"] for each in published] == [key.key.text]
    assert list(published[0]["state"]) == [f"log_keys/{key.id}"]


def test_nothing_is_signed_twice(signed):
    with signed.read() as tx:
        before = queries.checkpoints(tx, HUB)
    assert actions.checkpoint(signed, HUB).note == before[0].note
    with signed.read() as tx:
        assert queries.checkpoints(tx, HUB) == before


def test_a_changed_state_is_signed_by_a_job(ground):
    with ground.write() as tx:
        tx.session.add(
            OperatorAct(
                commons_id=HUB,
                act="freeze",
                subject="repo/a/b",
                basis="emergency",
                reason="",
                undo={},
                state="standing",
                done_at=tx.now,
            )
        )
        tx.record(HUB, "ops", "froze", "repo/a/b")
    jobs.run_due(ground)
    with ground.read() as tx:
        assert queries.latest(tx, HUB).size == events.head(tx, HUB).size >= 1


def test_every_log_is_signed_by_the_hour(ground):
    recorded(ground, 2)
    jobs.schedule(ground)
    jobs.run_due(ground)
    with ground.read() as tx:
        assert queries.latest(tx, HUB).size >= 2


def test_a_fresh_key_follows_the_old_one_in_the_log(signed):
    before = run(signed, "commons", "log", "rotate-key", "hub").output.strip()
    recorded(signed, 2)
    actions.checkpoint(signed, HUB)
    told = verify(signed, "hub")
    assert told.exit_code == 0, told.output
    with signed.read() as tx:
        old, new = queries.keys(tx, HUB)
        assert old.ended_at is not None
        assert new.key.text == before
    assert verify(signed, "hub", "--key", new.key.text).exit_code == 1


@pytest.mark.parametrize("position", [0, 1, 6, 12])
def test_one_flipped_byte_is_named(signed, position):
    with signed.write() as tx:
        entry = tx.connection.execute(
            select(Event.entry).where(Event.position == position)
        ).scalar_one()
        at = random.Random(position).randrange(len(entry))
        flipped = entry[:at] + chr(ord(entry[at]) ^ 1) + entry[at + 1 :]
        tx.connection.execute(update(Event).where(Event.position == position).values(entry=flipped))
    told = verify(signed, "hub")
    assert told.exit_code == 1
    assert f"Entry {position} of the log was changed." in told.output


def test_a_changed_entry_is_bounded_even_where_its_hashes_were_changed_with_it(signed):
    with signed.write() as tx:
        tx.connection.execute(
            update(Event).where(Event.position == 5).values(entry='{"forged":true}')
        )
        rehash(tx)
    told = verify(signed, "hub")
    assert told.exit_code == 1
    assert "Entry between 4 and 8 of the log was changed" in told.output


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ('UPDATE log_nodes SET hash=:zero WHERE level=2 AND "index"=1', "4 to 7 is not made"),
        ('DELETE FROM log_nodes WHERE level=3 AND "index"=0', "Of level 3 the tree has 0 hashes"),
    ],
)
def test_a_changed_hash_between_entries_and_root_is_named(signed, statement, said):
    given = {"zero": bytes(32)} if ":zero" in statement else {}
    with signed.write() as tx:
        assert tx.connection.execute(text(statement), given).rowcount == 1
    told = verify(signed, "hub")
    assert told.exit_code == 1
    assert said in told.output
    assert told.output.count("hub:") == 1  # once, and not each hash above it
    replayed = run(signed, "commons", "log", "replay", "hub")
    assert replayed.exit_code == 1
    assert said in replayed.output


def rehash(tx):
    """What a forger does who knows the tables: every hash and the head anew."""
    rows = tx.connection.execute(
        select(Event.entry).where(Event.position.is_not(None)).order_by(Event.position)
    ).scalars()
    nodes = {}
    leaves = [merkle.leaf_hash(entry.encode()) for entry in rows]
    for index, leaf in enumerate(leaves):
        for level, place, value in merkle.appended(index, leaf, lambda a, b: nodes[a, b]):
            nodes[level, place] = value
            tx.connection.execute(
                update(LogNode)
                .where(LogNode.level == level, LogNode.index == place)
                .values(hash=value)
            )
    root = merkle.root(len(leaves), lambda a, b: nodes[a, b])
    tx.connection.execute(text("UPDATE log_heads SET root=:root"), {"root": root})


def test_a_deleted_last_entry_is_missing_against_the_checkpoint(signed):
    with signed.write() as tx:
        tx.connection.execute(text("DELETE FROM events WHERE position = 12"))
        tx.connection.execute(text("UPDATE log_heads SET size = 12"))
    told = verify(signed, "hub")
    assert told.exit_code == 1
    assert (
        "Entry 12 of the log is missing: 13 entries were signed, and 12 are there." in told.output
    )


def test_an_entry_deleted_from_the_middle_is_named(signed):
    with signed.write() as tx:
        tx.connection.execute(text("DELETE FROM events WHERE position = 4"))
    assert "Entry 4 of the log is missing." in verify(signed, "hub").output


def test_a_fork_of_equal_size_convicts(signed, tmp_path):
    copy = fork(signed, tmp_path)
    recorded(signed, 2)
    with copy.write() as tx:
        tx.record(HUB, "mallory", "created", "repo/x/1")
        tx.record(HUB, "mallory", "created", "repo/x/2")
    other = actions.checkpoint(copy, HUB)
    actions.checkpoint(signed, HUB)
    kept = tmp_path / "kept"
    kept.write_text(other.note)
    told = verify(signed, "hub", "--checkpoint", str(kept), "--proofs", str(tmp_path / "proofs"))
    assert told.exit_code == 1
    assert "Two checkpoints of 15 entries were signed with different roots." in told.output
    proof = (tmp_path / "proofs" / "misbehaviour-hub-15.txt").read_text()
    convicts(signed, proof)
    copy.engine.dispose()


def test_a_fork_of_another_size_convicts_too(signed, tmp_path):
    copy = fork(signed, tmp_path)
    with copy.write() as tx:
        tx.record(HUB, "mallory", "created", "repo/x/1")
    other = actions.checkpoint(copy, HUB)
    recorded(signed, 5)
    actions.checkpoint(signed, HUB)
    kept = tmp_path / "kept"
    kept.write_text(other.note)
    told = verify(signed, "hub", "--checkpoint", str(kept), "--proofs", str(tmp_path / "proofs"))
    assert told.exit_code == 1
    proof = (tmp_path / "proofs" / "misbehaviour-hub-14.txt").read_text()
    first, second = convicts(signed, proof)
    middle = proof.split("\n--- first")[0].splitlines()
    at = next(n for n, line in enumerate(middle) if "another root over its first 14" in line)
    from base64 import b64decode

    root = b64decode(middle[at + 1])
    path = [b64decode(line) for line in middle[at + 3 :] if line]
    assert root != first.root
    assert merkle.verify_consistency(first.size, second.size, path, root, second.root)
    copy.engine.dispose()


def fork(ground, tmp_path):
    from iriai.base.opening import open_ground
    from iriai.settings import Settings

    ground.engine.dispose()
    shutil.copytree(ground.settings.data, tmp_path / "fork")
    return open_ground(Settings(data=tmp_path / "fork"), now=ground.clock)


def convicts(ground, proof):
    """Both notes of a proof are signed by the one key."""
    with ground.read() as tx:
        key = queries.key(tx, HUB).key
    assert key.text in proof
    first, second = proof.split("--- first\n")[1].split("\n--- second\n")
    said = []
    for each in (first, second):
        note = rules.read_note(each)
        assert rules.signers(note, [key]) == [key]
        said.append(rules.read_checkpoint(note.text))
    assert said[0].root != said[1].root
    return said


def test_a_checkpoint_that_nobody_signed_is_not_believed(signed, tmp_path):
    forged = rules.PublicKey("127.0.0.1:8700/api/commons/hub/log", rules.public_of(b"\x07" * 32))
    said = rules.Checkpoint(forged.name, 5, b"\x01" * 32)
    (tmp_path / "kept").write_text(rules.signed(said.text, forged, b"\x07" * 32))
    told = verify(signed, "hub", "--checkpoint", str(tmp_path / "kept"))
    assert "The checkpoint of 5 entries is not signed by a key of this log." in told.output
    assert "misbehaviour" not in told.output


def test_a_downloaded_log_is_checked_without_the_hub(signed, tmp_path):
    place = tmp_path / "kept"
    assert run(signed, "commons", "log", "download", "hub", str(place)).exit_code == 0
    told = CliRunner().invoke(iriai, ["commons", "log", "verify", "--folder", str(place)])
    assert told.exit_code == 0, told.output
    lines = (place / "log.jsonl").read_bytes().splitlines(keepends=True)
    lines[4] = lines[4].replace(b"ada", b"eve")
    (place / "log.jsonl").write_bytes(b"".join(lines))
    told = CliRunner().invoke(iriai, ["commons", "log", "verify", "--folder", str(place)])
    assert told.exit_code == 1
    assert "Entry between 4 and 8 of the log was changed" in told.output


def test_what_is_added_unsigned_or_is_no_text_is_said(signed, tmp_path):
    place = tmp_path / "kept"
    run(signed, "commons", "log", "download", "hub", str(place))
    with (place / "log.jsonl").open("ab") as file:
        file.write(b'{"actor":"eve"}\n')
    told = verify(signed, "--folder", str(place))
    assert told.exit_code == 0
    assert "whole. 13 entries" in told.output
    assert "Not signed yet: 1 after them." in told.output
    (place / "checkpoints" / "checkpoint-9").write_bytes(b"\xff\xfe\x00")
    told = verify(signed, "--folder", str(place))
    assert told.exit_code == 1
    assert "A checkpoint cannot be read" in told.output


def test_a_folder_without_any_checkpoint_proves_nothing(signed, tmp_path):
    place = tmp_path / "kept"
    run(signed, "commons", "log", "download", "hub", str(place))
    shutil.rmtree(place / "checkpoints")
    for each in place.glob("checkpoint*"):
        each.unlink()
    told = verify(signed, "--folder", str(place))
    assert told.exit_code == 1
    assert told.output == (
        "kept: there is no checkpoint of it here; nothing is signed, so nothing is proved.\n"
    )


@pytest.mark.parametrize("answer", [b"\xff", b"{}", b"[1]", b"[" * 100_000, b'{"rows": 3}', b""])
@pytest.mark.parametrize("verb", ["verify", "replay", "download"])
def test_a_hub_that_answers_nonsense_is_told_of_in_a_sentence(ground, tmp_path, answer, verb):
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    more = [str(tmp_path / "kept")] if verb == "download" else []
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        told = run(ground, "commons", "log", verb, "hub", *more, "--url", url)
    finally:
        server.shutdown()
        server.server_close()
    assert told.exit_code == 1
    assert told.output.startswith("Error: ")


def test_an_erased_reason_leaves_the_log_whole_and_a_changed_one_does_not(signed):
    with signed.write() as tx:
        rows = tx.connection.execute(select(Event.id).where(Event.salt.is_not(None))).scalars()
        first, second = list(rows)[:2]
        events.erase(tx, first)
    assert verify(signed, "hub").exit_code == 0
    with signed.write() as tx:
        tx.connection.execute(update(Event).where(Event.id == second).values(private='{"why":"x"}'))
    told = verify(signed, "hub")
    assert "The private part of entry" in told.output


def test_a_state_too_large_for_one_entry_is_continued(ground):
    with ground.write() as tx:
        for number in range(1_000):
            tx.session.add(
                OperatorAct(
                    commons_id=HUB,
                    act="freeze",
                    subject=f"repo/a/{number}",
                    basis="emergency",
                    reason="",
                    undo={},
                    state="standing",
                    done_at=tx.now,
                )
            )
        tx.record(HUB, "ops", "froze", "all", private={"why": "secret"})
    events.seal(ground)
    with ground.read() as tx:
        entries = [entry for _, entry in queries.entries(tx, HUB)]
    assert len(entries) == 8
    assert max(len(each) for each in entries) <= events.ENTRY_BYTES_MAX
    assert replaying.replay(ground, HUB).differences == []
