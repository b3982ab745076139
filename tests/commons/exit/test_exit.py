"""A30: a commons leaves and is the same elsewhere; what is damaged is refused; a fork is told."""

import hashlib
import json
import shutil
import time

import orjson
import pytest
from click.testing import CliRunner
from sqlalchemy import text
from tests.conftest import LONG
from tests.support import schema, server
from tests.support.prepared import Prepared
from tests.web.conftest import Visitor

from iriai.base import events, ledger_parts, merkle
from iriai.base.errors import Conflict, Invalid
from iriai.base.opening import open_ground
from iriai.blobs import receiving
from iriai.blobs.rules import blob_key
from iriai.cli.main import iriai
from iriai.commons import actions as commons
from iriai.commons import enactment
from iriai.commons import queries as commons_queries
from iriai.commons.breakglass.tables import OperatorAct
from iriai.commons.exit import exporting, forking, importing, rules, verification
from iriai.commons.tlog import queries as log
from iriai.commons.tlog import replaying
from iriai.discussions import actions as discussions
from iriai.discussions import queries as discussions_queries
from iriai.identity import actions as identity
from iriai.identity import queries
from iriai.identity.rules import OPERATOR
from iriai.repos import actions as repos
from iriai.repos import queries as repos_queries
from iriai.repos.actions import Add, AddLarge
from iriai.settings import Settings, load

FILES, FILE_BYTES = 20, 3_000
FULL_FILES, FULL_FILE_BYTES = (10_000, 1_000_000) if LONG else (FILES, FILE_BYTES)
FULL_SECONDS = 600
"""Of a processor's time, in which a commons of full size leaves, arrives and is read again."""


def whole(state):
    """What is said of rows governed as a whole: of others each hub makes its own digests."""
    parts = {part.name for _, part in ledger_parts.known()}
    return {row: said for row, said in state.items() if row.partition("/")[0] not in parts}


def quiet(_what, _done, _total):
    """Nobody watches."""


def large(ground, repo, number, size):
    body = hashlib.shake_256(str(number).encode()).digest(size)
    sha256 = hashlib.sha256(body).hexdigest()
    staged = ground.store.staging() / sha256
    staged.write_bytes(body)
    receiving.receive_object(ground, repo.id, sha256, len(body), staged)
    return AddLarge(f"parts/{number // 500}/{number}.bin", sha256)


CLUB = Prepared(lambda ground, _clock: founded(ground, FILES, FILE_BYTES))


@pytest.fixture
def club(tmp_path, clock):
    with CLUB.copied(tmp_path, clock) as made:
        yield made


@pytest.fixture
def full_club(ground):
    founded(ground, FULL_FILES, FULL_FILE_BYTES)
    return ground


def founded(ground, files, size):
    """An organisation with a model, a dataset, a private thing, a discussion, a pull request."""
    for name in ("ada", "bob"):
        identity.add_person(ground, OPERATOR, name=name)
    with ground.write() as tx:
        ada = queries.actor_named(tx, "ada")
        commons.found_organisation(tx, ada, name="club", fullname="The club")
    with ground.read() as tx:
        ada = queries.actor_named(tx, "ada")
    model = repos.create(ground, ada, kind="model", owner="club", name="tiny")
    enactment.commit(ground, ada, model, operations=[Add("README.md", b"# Tiny\n")], title="one")
    data = repos.create(ground, ada, kind="dataset", owner="club", name="words")
    added = [large(ground, data, number, size) for number in range(files)]
    enactment.commit(ground, ada, data, operations=added, title="large")
    repos.create(ground, ada, kind="model", owner="club", name="closed-thing", visibility="private")
    enactment.commit(
        ground,
        ada,
        model,
        operations=[Add("config.json", b"{}")],
        title="a change",
        create_pr=True,
        description="please",
    )
    with ground.write() as tx:
        discussions.open_discussion(tx, ada, model, title="Hello", description="What is this?")
        club_id = commons_queries.commons(tx, "club").id
        tx.session.add(
            OperatorAct(
                commons_id=club_id,
                act="freeze",
                subject="repo/club/tiny",
                basis="emergency",
                reason="a secret reason",
                undo={},
                state="lapsed",
                done_at=tx.now,
            )
        )
        tx.record(club_id, "ops", "froze", "repo/club/tiny", private={"reason": "a secret reason"})


@pytest.fixture
def elsewhere(tmp_path, clock):
    made = open_ground(Settings(data=schema.newest_sqlite(tmp_path / "elsewhere")), now=clock)
    yield made
    made.engine.dispose()


def refs(ground, kind, name):
    with ground.read() as tx:
        found = repos_queries.repo(tx, OPERATOR, kind, name)
        return sorted((each.name, each.sha) for each in repos_queries.refs(tx, found))


@pytest.mark.timeout(1_800 if LONG else 300)
def test_a_commons_is_the_same_elsewhere(full_club, elsewhere, tmp_path):
    club, folder = full_club, tmp_path / "out"
    begun = time.process_time()
    export = exporting.export(club, "club", folder, quiet)
    done = importing.bring(elsewhere, folder, quiet)
    assert (done.repos, done.objects, done.differing) == (2, FULL_FILES, [])
    for kind, name in (("model", "club/tiny"), ("dataset", "club/words")):
        assert refs(elsewhere, kind, name) == refs(club, kind, name)
    lines = list(verification.compare(elsewhere, folder, done, quiet))
    assert all(line.is_good for line in lines), lines
    assert time.process_time() - begun < FULL_SECONDS
    with club.read() as tx, elsewhere.read() as other:
        before = [entry for _, entry in log.entries(tx, export.commons_id)]
        after = [entry for _, entry in log.entries(other, done.commons_id)]
        assert after[: len(before)] == before
        for position in (0, 3, export.size - 1):
            proof = merkle.inclusion(position, export.size, events.nodes(tx, export.commons_id))
            there = merkle.inclusion(position, export.size, events.nodes(other, done.commons_id))
            assert proof == there
        assert (
            whole(replaying.live(tx, export.commons_id)).items()
            <= {
                **replaying.live(other, done.commons_id),
                **{
                    key: value
                    for key, value in replaying.live(tx, export.commons_id).items()
                    if key.startswith("log_keys/")  # the old key has ended there
                },
            }.items()
        )


def test_it_arrives_on_either_database(club, state, clock, tmp_path):
    exporting.export(club, "club", tmp_path / "out", quiet)
    folder = tmp_path / "there"
    folder.mkdir()
    environment = server.state_environment(state, folder, is_newest=True)
    there = open_ground(load(environ=environment), now=clock)
    done = importing.bring(there, tmp_path / "out", quiet)
    lines = list(verification.compare(there, tmp_path / "out", done, quiet))
    assert all(line.is_good for line in lines), lines
    identity.add_person(there, OPERATOR, name="late")  # numbers go on after what came
    with there.read() as tx:
        late = queries.actor_named(tx, "late")
    repos.create(there, late, kind="model", owner="late", name="first")
    with there.write() as tx:
        tx.record(done.commons_id, "late", "noted", "something")
    there.engine.dispose()


def test_discussions_and_pull_requests_come_along(club, elsewhere, tmp_path):
    exporting.export(club, "club", tmp_path / "out", quiet)
    importing.bring(elsewhere, tmp_path / "out", quiet)
    with elsewhere.read() as tx:
        repo = repos_queries.repo(tx, OPERATOR, "model", "club/tiny")
        found = [discussions_queries.discussion(tx, repo, number) for number in (1, 2)]
        assert [each.title for each in found] == ["a change", "Hello"]
        with club.read() as there:
            same = repos_queries.repo(there, OPERATOR, "model", "club/tiny")
            before = [discussions_queries.discussion(there, same, number) for number in (1, 2)]
        assert [each.author for each in found] == [each.author for each in before]


def test_nothing_private_goes_along(club, tmp_path):
    folder = tmp_path / "out"
    export = exporting.export(club, "club", folder, quiet)
    assert export.left_out == 1
    for path in folder.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            assert b"closed-thing" not in body, path
            assert b"a secret reason" not in body, path
            assert b"argon2" not in body, path


def test_what_the_operator_did_is_shown_where_its_reason_stayed_behind(club, elsewhere, tmp_path):
    exporting.export(club, "club", tmp_path / "out", quiet)
    importing.bring(elsewhere, tmp_path / "out", quiet)
    assert "The reason stayed at the hub" in Visitor(elsewhere).see("/commons/club/log").text


def test_what_is_private_goes_along_when_asked(club, elsewhere, tmp_path):
    exporting.export(club, "club", tmp_path / "out", quiet, private=True)
    done = importing.bring(elsewhere, tmp_path / "out", quiet)
    assert done.repos == 3
    assert all(
        line.is_good for line in verification.compare(elsewhere, tmp_path / "out", done, quiet)
    )


def test_the_commands_say_what_they_did(club, tmp_path):
    file = tmp_path / "club.tar"
    run("export", "club", str(file), data=club.settings.data)
    told = run("import", str(file), "--verify", data=tmp_path / "fresh")
    for each in ("Heads:", "Large files:", "Proofs:", "Log:", "State:"):
        assert each in told
    told = run("log", "verify", "club", data=tmp_path / "fresh")
    assert "club: whole." in told
    assert "the database is what the log says" in run("log", "replay", data=tmp_path / "fresh")


def run(*words, data):
    told = CliRunner().invoke(iriai, ["commons", *words, "--data", str(data)])
    assert told.exit_code == 0, (told.output, told.exception)
    return told.output


def test_an_import_that_was_interrupted_goes_on(club, elsewhere, tmp_path, monkeypatch):
    exporting.export(club, "club", tmp_path / "out", quiet)
    seen = []

    def stop(what, done, _total):
        seen.append(what)
        if what == "large files" and done == FILES // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing.bring(elsewhere, tmp_path / "out", stop)
    done = importing.bring(elsewhere, tmp_path / "out", quiet)
    assert all(
        line.is_good for line in verification.compare(elsewhere, tmp_path / "out", done, quiet)
    )


@pytest.mark.parametrize("what", ["log/log.jsonl", "rows/discussions.jsonl", "pack", "object"])
def test_a_damaged_export_is_refused_and_named(club, elsewhere, tmp_path, what):
    folder = tmp_path / "out"
    export = exporting.export(club, "club", folder, quiet)
    path = {"pack": export.repos[0].pack, "object": rules.object_place(next(iter(export.objects)))}
    place = folder / path.get(what, what)
    body = bytearray(place.read_bytes())
    body[len(body) // 2] ^= 1
    place.unlink()
    place.write_bytes(body)
    with pytest.raises(Invalid, match="damaged"):
        importing.bring(elsewhere, folder, quiet)
    with elsewhere.read() as tx:
        assert [each.name for each in commons_queries.all_commons(tx)] == ["hub"]


def test_a_forged_log_is_refused_though_its_hashes_fit(club, elsewhere, tmp_path):
    folder = tmp_path / "out"
    exporting.export(club, "club", folder, quiet)
    place = folder / "log" / "log.jsonl"
    place.write_bytes(place.read_bytes().replace(b'"actor":"ada"', b'"actor":"eve"', 1))
    head = json.loads((folder / rules.HEAD).read_text())
    body = place.read_bytes()
    head["files"]["log/log.jsonl"] = {
        "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    (folder / rules.HEAD).write_bytes(orjson.dumps(head))
    with pytest.raises(Invalid, match=r"Entry .* of the log was changed"):
        importing.bring(elsewhere, folder, quiet)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"root": "00" * 32}, "speaks of another checkpoint"),
        ({"size": 2}, "speaks of another checkpoint"),
        ({"state": "00" * 32}, "rows are not what its log says"),
    ],
)
def test_a_head_that_says_other_than_what_was_signed_is_refused(
    club, elsewhere, tmp_path, changed, said
):
    folder = tmp_path / "out"
    exporting.export(club, "club", folder, quiet)
    head = json.loads((folder / rules.HEAD).read_text())
    (folder / rules.HEAD).write_bytes(orjson.dumps(head | changed))
    with pytest.raises(Invalid, match=said):
        importing.bring(elsewhere, folder, quiet)


def grow_the_tree_anew(tx, commons_id):
    """Make the log's tree one over its entries as they are, as who rewrites a log would."""
    made = {}
    for position, entry in log.entries(tx, commons_id):
        leaf = merkle.leaf_hash(entry)
        for level, index, value in merkle.appended(position, leaf, lambda a, b: made[a, b]):
            made[level, index] = value
            node = {"id": commons_id, "level": level, "index": index, "hash": value}
            where = 'commons_id = :id AND level = :level AND "index" = :index'
            tx.connection.execute(text(f"UPDATE log_nodes SET hash = :hash WHERE {where}"), node)


def test_what_is_not_the_same_after_an_import_is_said(club, elsewhere, tmp_path):
    """One thing after another is changed on the new hub, and its line of the report is bad."""
    folder = tmp_path / "out"
    export = exporting.export(club, "club", folder, quiet)
    done = importing.bring(elsewhere, folder, quiet)

    def bad():
        lines = verification.compare(elsewhere, folder, done, quiet)
        return {line.says.partition(":")[0] for line in lines if not line.is_good}

    def change(statement):
        with elsewhere.write() as tx:
            changed = tx.connection.execute(text(f"UPDATE {statement}"), {"id": done.commons_id})
            assert changed.rowcount == 1
            grow_the_tree_anew(tx, done.commons_id)

    assert bad() == set()
    elsewhere.store.local_path(blob_key(next(iter(export.objects)))).write_bytes(b"other")
    assert bad() == {"Large files"}
    change("refs SET name = 'refs/heads/x' WHERE repo_id = (SELECT max(repo_id) FROM refs)")
    assert bad() == {"Large files", "Heads", "State"}  # the log says where refs were brought
    change("refs SET name = 'refs/heads/main' WHERE name = 'refs/heads/x'")
    assert bad() == {"Large files"}
    change("operator_acts SET subject = 'repo/club/words' WHERE commons_id = :id")
    assert bad() == {"Large files", "State"}
    change(
        "events SET entry = replace(entry, 'ada', 'eve') WHERE commons_id = :id AND position = 1"
    )
    assert bad() == {"Large files", "State", "Proofs", "Log"}


def test_what_the_log_does_not_say_is_not_exported(club, tmp_path):
    with club.write() as tx:
        tx.connection.execute(text("UPDATE operator_acts SET state = 'ratified'"))
    with pytest.raises(Conflict, match="operator_acts was changed past the log"):
        exporting.export(club, "club", tmp_path / "out", quiet)


def test_people_of_the_same_name_are_not_taken_to_be_the_same(club, elsewhere, tmp_path):
    exporting.export(club, "club", tmp_path / "out", quiet)
    identity.add_person(elsewhere, OPERATOR, name="zoe")
    identity.add_person(elsewhere, OPERATOR, name="ada")
    with pytest.raises(Conflict, match="ada"):
        importing.bring(elsewhere, tmp_path / "out", quiet)
    done = importing.bring(elsewhere, tmp_path / "out", quiet, joined=True)
    assert all(
        line.is_good for line in verification.compare(elsewhere, tmp_path / "out", done, quiet)
    )


def test_numbers_that_are_taken_give_way(club, elsewhere, tmp_path):
    exporting.export(club, "club", tmp_path / "out", quiet)
    identity.add_person(elsewhere, OPERATOR, name="zoe")
    with elsewhere.write() as tx:
        zoe = queries.actor_named(tx, "zoe")
        commons.found_organisation(tx, zoe, name="others")
        other = commons_queries.commons(tx, "others").id
        tx.session.add(
            OperatorAct(
                commons_id=other, act="x", subject="y", basis="emergency", reason="", undo={},
                state="lapsed", done_at=tx.now,
            )
        )  # fmt: skip
        tx.record(other, "ops", "froze", "y")
    with elsewhere.read() as tx:
        zoe = queries.actor_named(tx, "zoe")
    for number in range(5):
        repos.create(elsewhere, zoe, kind="model", owner="zoe", name=f"r{number}")
    done = importing.bring(elsewhere, tmp_path / "out", quiet)
    assert done.differing
    lines = list(verification.compare(elsewhere, tmp_path / "out", done, quiet))
    assert all(line.is_good for line in lines), lines


def test_a_fork_keeps_history_and_cites_where_it_parted(club, tmp_path):
    export = exporting.export(club, "club", tmp_path / "out", quiet)
    with club.read() as tx:
        bob = queries.actor_named(tx, "bob")
    done = forking.fork(club, bob, tmp_path / "out", "rebels", quiet)
    assert refs(club, "model", "rebels/tiny") == refs(club, "model", "club/tiny")
    with club.read() as tx:
        last = [json.loads(entry) for _, entry in log.entries(tx, done.commons_id)]
        forked = next(each for each in last if each["verb"] == "forked")
        repo = repos_queries.repo(tx, OPERATOR, "model", "rebels/tiny")
        assert discussions_queries.discussion(tx, repo, 2).title == "Hello"
    assert forked["facts"]["checkpoint"] == export.note
    assert replaying.replay(club, done.commons_id).differences == []


def test_an_export_taken_again_fetches_only_what_is_new(club, tmp_path):
    folder = tmp_path / "out"
    exporting.export(club, "club", folder, quiet)
    before = {path: path.stat().st_mtime_ns for path in (folder / "objects").rglob("*")}
    (folder / rules.HEAD).unlink()
    exporting.export(club, "club", folder, quiet)
    assert {path: path.stat().st_mtime_ns for path in (folder / "objects").rglob("*")} == before


def test_an_export_does_not_overwrite_other_things(club, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    with pytest.raises(Conflict, match="other things"):
        exporting.export(club, "club", tmp_path / "out", quiet)
    shutil.rmtree(tmp_path / "out")
