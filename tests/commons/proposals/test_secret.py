"""Secret ballots: nothing in the database joins a ballot to whoever cast it."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import MetaData, select

from iriai.base.errors import Conflict, Denied, HubError, Invalid
from iriai.base.jobs import KINDS, Job
from iriai.commons.charter.rules import Action
from iriai.commons.counting import ballot_export
from iriai.commons.proposals import actions, secrecy, steps, voting
from iriai.commons.proposals.actions import Choice, Motion
from iriai.commons.proposals.rules import State
from iriai.commons.proposals.tables import UrnRow


def election(town, *members, seats=1, candidates=("ann", "ben")):
    town.found("university", *members)
    with town.ground.write() as tx:
        made = actions.call(
            tx,
            town.commons_id,
            Motion(
                action=Action.SEAT_FILL,
                payload={"role": "steward"},
                words="Fill the seats of stewards",
                title="Who shall be steward?",
                choices=[Choice(words=each, key=each) for each in candidates],
                seats=seats,
            ),
        )
    assert made.state is State.VOTING
    assert made.is_secret
    return made.number


def dump(town):
    """Every row of every table, with its place in it, as a copy of the database has them."""
    with town.ground.engine.connect() as connection:
        meta = MetaData()
        meta.reflect(connection)
        rowid = town.ground.engine.dialect.name == "sqlite"
        for table in meta.sorted_tables:
            columns = "rowid, *" if rowid and table.name not in HIDDEN else "*"
            try:
                rows = connection.exec_driver_sql(f'select {columns} from "{table.name}"')
                yield from ((table.name, tuple(row)) for row in rows)
            except Exception:  # noqa: BLE001 - a table without row numbers
                yield from ((table.name, tuple(row)) for row in connection.execute(select(table)))


HIDDEN = ("search_documents",)


def test_a_dump_joins_no_ballot_to_its_voter(any_town):
    names = [f"voter{place}" for place in range(6)]
    number = election(any_town, *names)
    receipts = {
        name: any_town.vote(name, number, *marks)
        for name, marks in zip(
            names, itertools.cycle([(1, 2, 3), (2, 1, 3), (3, 2, 1)]), strict=False
        )
    }
    rows = list(dump(any_town))
    ids = {name: any_town.person(name).id for name in names}
    for name, receipt in receipts.items():
        for table, row in rows:
            text = json.dumps(row, default=str)
            assert receipt.code not in text, table
            if receipt.receipt in text:
                assert table == "urns"
                assert name not in text
    urns = [row for table, row in rows if table == "urns"]
    assert len(urns) == 1
    with any_town.ground.read() as tx:
        urn = tx.session.scalars(select(UrnRow)).one()
        assert urn.roll == sorted(ids.values())
        assert list(urn.ballots) == sorted(urn.ballots)
        assert set(urn.ballots) == {each.receipt for each in receipts.values()}
        assert all(set(each) == {"marks", "votes"} for each in urn.ballots.values())


def test_neither_the_log_nor_the_jobs_grow_with_a_secret_ballot(town):
    number = election(town, "ada", "bob", "cyd")
    before = [row for row in dump(town) if row[0] != "urns"]
    town.vote("ada", number, 1, 2, 3)
    town.vote("bob", number, 2, 1, 3)
    assert [row for row in dump(town) if row[0] != "urns"] == before


def cast(town, name, number, *marks, **how):
    return voting.cast(
        town.ground, town.person(name), town.commons_id, number, marks=list(marks), **how
    )


def in_the_files(town, word):
    """How often a word stands in the database's files, byte for byte."""
    data = town.ground.settings.data
    return sum(each.read_bytes().count(word.encode()) for each in data.glob("iriai.db*"))


def filled(town, number):
    """Begin the urn with so many ballots that it no longer fits into one page."""
    with town.ground.write() as tx:
        urn = tx.session.scalars(select(UrnRow)).one()
        urn.ballots = {f"{place:024x}": {"marks": [1, 2, 3], "votes": 1} for place in range(200)}


@pytest.mark.parametrize("many", [False, True])
def test_the_files_of_the_database_hold_the_newest_urn_alone(town, many):
    names = ["ada", "bob", "cyd", "dan"]
    number = election(town, *names)
    if many:
        filled(town, number)
    sent = [cast(town, name, number, 1, 2, 3) for name in names]
    first = cast(town, "ada", number, 2, 1, 3, code=sent[0].code)
    assert first.receipt == sent[0].receipt
    assert [in_the_files(town, each.receipt) for each in sent] == [1, 1, 1, 1]
    with town.ground.read() as tx:
        tx.session.scalars(select(UrnRow)).one()  # somebody reads what was
        with ThreadPoolExecutor(1) as pool:
            pool.submit(cast, town, "bob", number, 2, 1, 3, code=sent[1].code).result()
        assert in_the_files(town, sent[1].receipt) > 1
    town.tick()
    assert in_the_files(town, sent[1].receipt) == 1
    town.tick(days=10)
    with town.ground.read() as tx:
        asked = select(Job.kind).where(Job.kind == steps.FORGET)
        assert tx.session.scalars(asked).all() == [steps.FORGET]
    KINDS[steps.FORGET].run(town.ground, {})
    assert [in_the_files(town, each.receipt) for each in sent] == [1, 1, 1, 1]  # the tally


def test_what_an_urn_was_waits_to_be_forgotten_for_who_still_works_on_it(any_town):
    number = election(any_town, "ada", "bob")
    cast(any_town, "ada", number, 1, 2, 3)
    assert voting.forget_what_was(any_town.ground)
    with any_town.ground.read() as tx:
        tx.session.scalars(select(UrnRow)).one()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(any_town.vote, "bob", number, 2, 1, 3).result()
            assert not pool.submit(voting.forget_what_was, any_town.ground).result()
    with any_town.ground.read() as tx:
        assert len(tx.session.scalars(select(UrnRow)).one().ballots) == 2
    said = voting.who_could_see(any_town.ground)
    assert ("PostgreSQL" in said) == (any_town.ground.engine.dialect.name == "postgresql")


def test_changing_a_secret_ballot_takes_its_code(town):
    number = election(town, "ada", "bob")
    first = town.vote("ada", number, 1, 2, 3)
    with pytest.raises(Conflict, match="code"):
        town.vote("ada", number, 2, 1, 3)
    with pytest.raises((Denied, Invalid)):
        town.vote("ada", number, 2, 1, 3, code="wrong")
    with pytest.raises(Denied):
        town.vote("ada", number, 2, 1, 3, code=secrecy.new_code())
    with pytest.raises(Denied):
        town.vote("bob", number, 2, 1, 3, code=secrecy.new_code())
    again = town.vote("ada", number, 2, 1, 3, code=first.code.upper())
    assert again.receipt == first.receipt
    town.vote("bob", number, 2, 1, 3)
    town.tick(days=10)
    tally = town.tally(number)
    assert [each["marks"] for each in tally.sheet["ballots"]] == [[2, 1, 3], [2, 1, 3]]


def test_after_the_count_each_voter_finds_their_ballot_and_anybody_counts_again(town):
    names = [f"voter{place}" for place in range(9)]
    number = election(town, *names)
    sent = {}
    for name in names:
        marks = (1, 2, 3) if name < "voter6" else (2, 1, 3)
        sent[town.vote(name, number, *marks).receipt] = list(marks)
    town.tick(days=10)
    tally = town.tally(number)
    published = tally.sheet["ballots"]
    assert {each["receipt"]: each["marks"] for each in published} == sent
    assert [each["receipt"] for each in published] == sorted(sent)
    assert all("voter" not in each for each in published)
    assert tally.sheet["about"]["voted"] == names
    again = ballot_export.count(ballot_export.read(json.dumps(tally.sheet).encode()))
    assert again == tally.count
    assert again["winner"] == "ann"
    assert [row for row in dump(town) if row[0] == "tallies"]
    assert not [row for row in dump(town) if row[0] == "urns"]


def test_several_seats_are_filled_by_equal_shares(town):
    names = [f"voter{place}" for place in range(9)]
    number = election(town, *names, seats=3, candidates=("ann", "ben", "cat", "dot"))
    for name in names[:6]:
        town.vote(name, number, 1, 1, 0, 0)
    for name in names[6:]:
        town.vote(name, number, 0, 0, 1, 0)
    town.tick(days=10)
    assert town.tally(number).count["selected"] == ["ann", "ben", "cat"]


def test_a_hundred_secret_ballots_of_one_person_at_once_count_once(any_town):
    number = election(any_town, "ada", "bob")

    def one(_):
        try:
            return any_town.vote("ada", number, 1, 2, 3)
        except HubError:
            return None

    with ThreadPoolExecutor(8) as pool:
        done = [each for each in pool.map(one, range(100)) if each is not None]
    assert len(done) == 1
    any_town.tick(days=10)
    assert any_town.tally(number).count["ballots"] == 1


def test_whoever_speaks_for_an_institution_lends_its_weight_to_no_other_ballot():
    mine, theirs = {"marks": [1, 2], "votes": 1}, {"marks": [1, 2], "votes": 3}
    roll, urn = secrecy.cast([], {}, voter_id=1, key="a", ballot=mine, new=True)
    roll, urn = secrecy.cast(roll, urn, voter_id=2, key="b", ballot=theirs, new=True)
    again = {"marks": [2, 1], "votes": 3}
    roll, urn = secrecy.cast(roll, urn, voter_id=2, key="a", ballot=again, new=False)
    assert urn["a"] == {"marks": [2, 1], "votes": 1}
    assert sum(each["votes"] for each in urn.values()) == 4


def test_neither_roll_nor_urn_keeps_the_order_of_voting():
    roll, urn = [], {}
    for voter, key in ((9, "b"), (3, "c"), (7, "a")):
        ballot = {"marks": [1, 2], "votes": 1}
        roll, urn = secrecy.cast(roll, urn, voter_id=voter, key=key, ballot=ballot, new=True)
    assert (roll, list(urn)) == ([3, 7, 9], ["a", "b", "c"])
