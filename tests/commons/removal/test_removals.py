"""Asking for data to be removed: by anybody, with a clock, and for good."""

import subprocess

import pytest

from iriai.base import jobs
from iriai.base.errors import Conflict, Denied, Excessive, Gone, Invalid
from iriai.commons import jobs as _clock  # noqa: F401 - the clock of the commons, as the worker has it
from iriai.commons.cases import queries as panels
from iriai.commons.enactment import cases as enacting
from iriai.commons.enactment import commit, removals
from iriai.commons.removal import actions, queries, rules
from iriai.identity.rules import ANYONE
from iriai.repos import actions as repos
from iriai.repos import queries as repo_queries
from iriai.repos import withheld
from iriai.repos.operations import Add, DeleteFile
from tests.commons.cases.village import Village
from tests.support.prepared import Prepared


class Place(Village):
    """The village with a dataset in which there is somebody's data."""

    def prepare(self):
        repos.create(self.ground, self.actor("ada"), kind="dataset", owner="tales", name="voices")
        self.commit(Add("bob.csv", b"bob,1\n"), Add("all.csv", b"bob,1\ncid,2\n"))
        self.commit(Add("more.txt", b"more\n"))
        return self

    def commit(self, *operations):
        return commit(
            self.ground, self.actor("ada"), self.data(), operations=operations, title="Change"
        )

    def data(self, viewer=None):
        with self.ground.read() as tx:
            actor = ANYONE if viewer is None else self.actor(viewer, tx)
            return repo_queries.repo(tx, actor, "dataset", "tales/voices")

    def ask(self, paths="bob.csv", by=ANYONE):
        with self.ground.write() as tx:
            repo = repo_queries.repo(tx, by, "dataset", "tales/voices")
            made, code = actions.ask(tx, by, repo, paths=paths, words="This is my voice.")
            return made.number, code

    def acknowledge(self, by, number):
        with self.ground.write() as tx:
            found = queries.row(tx, self.id, number)
            removals.acknowledge(tx, self.actor(by, tx), found)

    def decide(self, by, number, fulfil):
        removals.decide(
            self.ground, self.actor(by), self.id, number, fulfil=fulfil, reason="So it is."
        )

    def read(self, path, revision="main"):
        with self.ground.read() as tx:
            repo, sha = repo_queries.readable_at(tx, ANYONE, "dataset", "tales/voices", revision)
            withheld.require_served(tx, repo, path)
            objects = repo_queries.objects(self.ground, repo.id)
            return objects.blob(objects.file(sha, path).oid)

    def request(self, number):
        with self.ground.read() as tx:
            return queries.row(tx, self.id, number)


VILLAGERS = ["ada", "eve", "una", "ivo", "kai", "lea"]
PLACE = Prepared(lambda ground, clock: Place(ground, clock, VILLAGERS, ["bob"]).prepare())


@pytest.fixture
def place(tmp_path, clock):
    with PLACE.copied(tmp_path, clock) as made:
        yield made


def test_files_are_held_once_a_steward_has_seen_the_request(place):
    number, _ = place.ask()
    assert place.read("bob.csv") == b"bob,1\n"
    with pytest.raises(Denied):
        place.acknowledge("bob", number)
    place.acknowledge("ada", number)
    with pytest.raises(Denied, match="removals/1"):
        place.read("bob.csv")
    assert place.read("more.txt") == b"more\n"


def test_a_file_is_served_again_only_when_nobody_holds_it_any_more(place):
    first, _ = place.ask()
    second, _ = place.ask()
    for number in (first, second):
        place.acknowledge("ada", number)
    place.decide("eve", first, fulfil=False)
    with place.ground.write() as tx:
        subject = "repo/datasets/tales/voices/file/bob.csv"
        held = enacting.hold(
            tx, place.actor("una", tx), commons_id=place.id, subject=subject,
            ground="privacy", reason="It names a child.",
        )  # fmt: skip
        enacting.second_hold(tx, place.actor("ivo", tx), held)
    place.clock.advance(days=4)
    enacting.due(place.ground)
    with pytest.raises(Denied, match="removals/1"):  # the stewards' hold is over
        place.read("bob.csv")
    place.clock.advance(days=11)
    removals.due(place.ground)
    with pytest.raises(Denied, match="removals/2"):  # the first refusal is final
        place.read("bob.csv")
    place.decide("eve", second, fulfil=False)
    place.clock.advance(days=15)
    removals.due(place.ground)
    assert place.read("bob.csv") == b"bob,1\n"


def test_what_is_fulfilled_is_in_no_revision_and_old_ones_say_so(place):
    before = place.data().head
    number, _ = place.ask()
    place.acknowledge("ada", number)
    place.decide("ada", number, fulfil=True)
    after = place.data().head
    assert after != before
    assert place.request(number).new_revision == after
    for revision in (before, before[:10]):
        with pytest.raises(Gone, match="This revision was removed: So it is"):
            place.read("all.csv", revision)
    assert place.read("all.csv") == b"bob,1\ncid,2\n"
    objects = repo_queries.objects(place.ground, place.data().id)
    assert "bob.csv" not in objects.paths(after)
    objects.refresh()
    every = subprocess.run(
        ["git", "--git-dir", objects.git_dir, "cat-file", "--batch-all-objects", "--batch"],
        capture_output=True,
        check=True,
    ).stdout
    assert before.encode() not in every
    assert b"bob,1\ncid" in every
    assert b"\nbob,1\n\n" not in every


def test_a_file_without_the_rows_is_kept_and_the_one_with_them_goes(place):
    before = place.data().head
    number, _ = place.ask("all.csv")
    place.acknowledge("ada", number)
    place.commit(Add("all.csv", b"cid,2\n"))
    place.decide("ada", number, fulfil=True)
    assert place.read("all.csv") == b"cid,2\n"
    with pytest.raises(Gone):
        place.read("all.csv", before)
    objects = repo_queries.objects(place.ground, place.data().id)
    versions = {
        objects.find_entry(each.sha, "all.csv") for each in objects.commits(place.data().head)
    }
    assert len(versions) == 2  # before there was one, and the present one


def test_data_that_is_gone_from_main_still_goes_from_its_history(place):
    number, _ = place.ask()
    place.commit(DeleteFile("bob.csv"))
    before = place.data().head
    place.acknowledge("ada", number)
    place.decide("ada", number, fulfil=True)
    with pytest.raises(Gone):
        place.read("more.txt", before)
    assert place.read("more.txt") == b"more\n"


def test_a_refusal_has_a_reason_and_is_final_after_the_window(place):
    number, _ = place.ask()
    place.acknowledge("ada", number)
    with pytest.raises(Invalid):
        removals.decide(
            place.ground, place.actor("ada"), place.id, number, fulfil=False, reason=" "
        )
    place.decide("ada", number, fulfil=False)
    with pytest.raises(Denied):
        place.read("bob.csv")
    place.clock.advance(days=14)
    removals.due(place.ground)
    assert place.read("bob.csv") == b"bob,1\n"


def test_a_refusal_is_appealed_with_the_code_and_a_panel_may_fulfil_it(place):
    number, code = place.ask()
    place.acknowledge("ada", number)
    place.clock.advance(days=90)
    place.decide("ada", number, fulfil=False)
    before = place.data().head

    def appeal(code):
        with place.ground.write() as tx:
            found = queries.row(tx, place.id, number)
            return removals.appeal(tx, ANYONE, found, code=code, words="It is my voice.").number

    with pytest.raises(Denied):
        appeal("guessed")
    panel = appeal(code)
    with pytest.raises(Conflict):
        appeal(code)
    place.tick(days=14)
    with place.ground.read() as tx:
        seats = panels.seats(tx, panels.panel(tx, place.id, panel).id)
    for each in seats[: len(seats) // 2 + 1]:
        with place.ground.write() as tx:
            found = panels.panel(tx, place.id, panel)
            who = place.actor(place.name(each.account_id), tx)
            enacting.say(tx, who, found, verdict="overturned", reasons="It is.")
    with place.ground.write() as tx:
        found = queries.row(tx, place.id, number)
        payload = {"removal": found.id, "by": f"panel/{panel}"}
    removals.fulfil_as_told(place.ground, payload)
    removals.fulfil_as_told(place.ground, payload)  # a second time changes nothing
    assert place.request(number).state == rules.State.FULFILLED
    with pytest.raises(Gone):
        place.read("bob.csv", before)
    assert removals.FULFIL in jobs.KINDS


def test_lateness_is_known(place):
    number, _ = place.ask()
    found = place.request(number)
    assert not queries.is_overdue(found, place.clock.moment)
    place.clock.advance(days=3, seconds=1)
    assert queries.is_overdue(found, place.clock.moment)
    place.acknowledge("ada", number)
    found = place.request(number)
    assert not queries.is_overdue(found, place.clock.moment)
    place.clock.advance(days=27)
    assert queries.is_overdue(found, place.clock.moment)


def test_a_flood_of_requests_is_stopped(place):
    for _ in range(rules.A_DAY_FOR_ONE):
        place.ask()
    with pytest.raises(Excessive):
        place.ask()
    place.clock.advance(days=1)
    place.ask()


def test_a_request_names_files(place):
    with pytest.raises(Invalid):
        place.ask("")
