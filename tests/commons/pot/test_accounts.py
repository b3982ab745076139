"""On whose account: what people of an institution make takes its part of the pot."""

import pytest
from tests.commons.pot.test_storage import KILOBYTE, give, send
from tests.commons.proposals.test_institutions import institution
from tests.support.commons import Town

from iriai.base.errors import Denied, Excessive
from iriai.commons import enactment
from iriai.commons.membership import powers as members
from iriai.commons.pot import queries as pots
from iriai.commons.pot import usage
from iriai.identity import queries as people
from iriai.identity.rules import Actor, Role
from iriai.repos import queries
from iriai.repos.tables import RepoRow


@pytest.fixture
def labs(ground):
    """A consortium of a school, from which tom is, and a museum; olga is of none."""
    town = Town(ground).found("consortium", "olga", "tom")
    school = institution(town, "school", "rita")
    institution(town, "museum", "mia")
    with ground.write() as tx:
        members.kept(tx, town.commons_id, town.person("tom").id).institution_id = school
        tx.record(town.commons_id, "system:test", "changed", "member/lab/tom")
    return town


def made(town, name, by):
    actor = Actor(id=town.person(by).id, name=by, roles={town.account_id: Role.WRITE})
    repo = enactment.create_repository(town.ground, actor, owner="lab", kind="dataset", name=name)
    return actor, repo


def test_what_somebody_from_an_institution_makes_takes_its_part(labs):
    give(labs, 1_000 * KILOBYTE)
    tom, repo = made(labs, "corpus", "tom")
    send(labs, tom, repo, 60 * KILOBYTE)
    olga, other = made(labs, "lexicon", "olga")
    send(labs, olga, other, 10 * KILOBYTE)
    with labs.ground.write() as tx:
        held = pots.pot(tx, labs.commons_id).held.amounts
        assert set(held) == {"school", "olga"}
        assert held["school"] > 60 * KILOBYTE
        usage.measure(tx, labs.commons_id)
        sums = {each.holder for each in usage.used(tx, labs.commons_id) if each.is_person}
        assert sums == {"school", "olga"}
        assert set(pots.last_written(tx, labs.commons_id)) == {"school", "olga"}
    with pytest.raises(Excessive, match="The limit of school in lab is 100 kB"):
        send(labs, tom, queries_by(labs, repo), 60 * KILOBYTE, "more.txt")


def test_whoever_made_it_says_on_whose_account_and_only_on_their_own(labs):
    give(labs, 1_000 * KILOBYTE)
    tom, repo = made(labs, "corpus", "tom")
    send(labs, tom, repo, 60 * KILOBYTE)
    book(labs, tom, "tom")
    assert set(held(labs)) == {"tom"}
    send(labs, tom, queries_by(labs, repo), 30 * KILOBYTE, "more.txt")
    with pytest.raises(Denied, match="You do not act for museum"):
        book(labs, tom, "museum")
    for stranger in ("mia", "olga"):
        with pytest.raises(Denied, match="Whoever made it"):
            book(labs, actor(labs, stranger), "")
    book(labs, tom, "school")
    assert set(held(labs)) == {"school"}
    book(labs, actor(labs, "rita"), "")  # who speaks for the school does not want to bear it
    assert set(held(labs)) == {"tom"}


def test_nothing_is_booked_where_there_is_no_room_for_it(labs):
    give(labs, 1_000 * KILOBYTE)
    for name in ("corpus", "lexicon"):
        tom, repo = made(labs, name, "tom")
        book(labs, tom, "tom" if name == "corpus" else "school", name)
        send(labs, tom, queries_by(labs, repo), 60 * KILOBYTE)
    with pytest.raises(Excessive, match="The limit of school"):
        book(labs, tom, "school", "corpus")


def test_what_moves_out_of_the_commons_counts_for_whoever_made_it(labs):
    tom, repo = made(labs, "corpus", "tom")
    assert row(labs, repo).counts_for_id is not None
    with labs.ground.write() as tx:
        before = queries.by_id(tx, repo.id)
        from dataclasses import replace

        enactment.booking.leave(tx, tom, before, replace(before, commons_id=1))
    assert row(labs, repo).counts_for_id is None


def test_a_bucket_counts_as_a_repository_does(labs):
    tom = Actor(id=labs.person("tom").id, name="tom", roles={labs.account_id: Role.WRITE})
    give(labs, 1_000 * KILOBYTE)
    with labs.ground.write() as tx:
        bucket = enactment.create_bucket(tx, tom, owner="lab", name="runs", is_private=False)
        assert bucket.counts_for_id == people.organisation(tx, "school").id
        again = enactment.booking.book(
            tx, tom, labs.commons_id, thing="buckets/lab/runs", account="tom"
        )
        assert again.payer_id == tom.id


def actor(labs, name):
    with labs.ground.read() as tx:
        return people.actor_named(tx, name)


def book(labs, who, account, name="corpus"):
    with labs.ground.write() as tx:
        enactment.booking.book(
            tx, who, labs.commons_id, thing=f"datasets/lab/{name}", account=account
        )


def held(labs):
    with labs.ground.read() as tx:
        return pots.pot(tx, labs.commons_id).held.amounts


def row(labs, repo):
    with labs.ground.read() as tx:
        return tx.session.get_one(RepoRow, repo.id)


def queries_by(labs, repo):
    with labs.ground.read() as tx:
        return queries.by_id(tx, repo.id)
