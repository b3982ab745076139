"""The life of small commons, with a clock that stands until it is told to move."""

from dataclasses import replace

import orjson
import pytest
import sqlalchemy as sa

from iriai.base.errors import Denied
from iriai.base.events import HUB, Event
from iriai.commons import actions as founding
from iriai.commons import enactment, jobs
from iriai.commons.charter import amending, presets
from iriai.commons.charter import powers as charter_powers
from iriai.commons.charter import queries as charters
from iriai.commons.charter.rules import Action, Path, Preset
from iriai.commons.enactment import custody, people, publish_charter
from iriai.commons.membership import actions as membership
from iriai.commons.membership import offices, powers, queries
from iriai.commons.membership.rules import State
from iriai.commons.proposals import queries as proposal_queries
from iriai.commons.tlog import replaying
from iriai.identity import actions as identity
from iriai.identity import queries as accounts
from iriai.identity.rules import OPERATOR, Role
from iriai.repos.queries import objects
from iriai.repos.tables import RefRow
from tests.commons.membership.test_members import do, role, stands
from tests.commons.proposals.test_institutions import institution
from tests.support.commons import Town


@pytest.fixture
def town(ground):
    return Town(ground)


def operator(ground, name="ada"):
    with ground.write() as tx:
        link = identity.first_invite(tx)
    identity.sign_up(ground, name=name, password="correct horse battery", link=link)
    with ground.read() as tx:
        return accounts.actor_named(tx, name)


def propose(ground, actor, commons_id, action, **payload):
    with ground.write() as tx:
        made = enactment.propose(tx, actor, commons_id, action=Action(action), payload=payload)
    jobs.tick(ground, {})
    return made.number


def test_a_hub_is_solo_until_its_second_member_and_then_its_first_one_owns_it(ground):
    ada = operator(ground)
    identity.add_person(ground, OPERATOR, name="bob")
    with ground.read() as tx:
        assert charters.in_force(tx, HUB).preset is Preset.SOLO
        assert queries.standing(tx, HUB, ada.id).is_owner
        bob = accounts.actor_named(tx, "bob")
        assert queries.standing(tx, HUB, bob.id).state is State.VISITOR
    with pytest.raises(Denied):
        propose(ground, bob, HUB, "member.admit", name="bob")
    propose(ground, ada, HUB, "member.admit", name="bob")
    with ground.read() as tx:
        assert charters.in_force(tx, HUB).preset is Preset.OWNERS
        assert queries.standing(tx, HUB, ada.id).is_owner
        second = queries.standing(tx, HUB, bob.id)
        assert (second.is_member, second.is_owner) == (True, False)


def test_the_charter_that_follows_solo_lands_on_main_in_the_same_moment(any_ground):
    ground, ada = any_ground, operator(any_ground)
    identity.add_person(ground, OPERATOR, name="bob")
    publish_charter(ground, HUB)

    def main():
        with ground.read() as tx:
            repo = amending.repository(tx, HUB)
            return amending.read_file(ground, repo, repo.head, "CHARTER.yaml"), repo

    before, was = main()
    assert b"solo" in before
    propose(ground, ada, HUB, "member.admit", name="bob")
    text, repo = main()
    with ground.read() as tx:
        assert text == charters.text(tx, HUB).encode() == presets.text("owners", "hub").encode()
        newest = objects(ground, repo.id).commit(repo.head)
        said = next(each for each in history(tx) if each["facts"].get("sha") == repo.head)
        adopted = next(each for each in history(tx) if each["verb"] == "amended")
    assert (newest.parents, newest.author.name) == ((was.head,), "system:decision/hub/1")
    assert said["at"] == adopted["at"]
    assert replaying.replay(ground, HUB).differences == []
    with ground.write() as tx:
        tx.connection.execute(
            sa.update(RefRow).where(RefRow.repo_id == repo.id).values(commit_sha=was.head)
        )
    ground.clock.advance(hours=2)
    named = {f"{repo.id}/refs/heads/main", "hub/charter"}
    assert {each.row for each in replaying.replay(ground, HUB).differences} == named
    jobs.follow(ground, {})  # lands nothing: this is no charter without a commit, but a hand
    assert {each.row for each in replaying.replay(ground, HUB).differences} == named


def test_a_charter_that_an_older_hub_put_into_force_past_main_lands_later(ground):
    """As hubs did that knew no other way: the row alone."""
    ada = operator(ground)
    publish_charter(ground, HUB)
    with ground.write() as tx:
        charter_powers.adopt(tx, HUB, presets.text("owners", "hub"), decision="hub/1")
    ground.clock.advance(hours=2)
    assert [each.row for each in replaying.replay(ground, HUB).differences] == ["hub/charter"]
    jobs.follow(ground, {})
    assert replaying.replay(ground, HUB).differences == []
    jobs.follow(ground, {})
    with ground.read() as tx:
        repo = amending.repository(tx, HUB)
        assert len(list(objects(ground, repo.id).commits(repo.head))) == 2
    assert ada.is_operator


def history(tx):
    asked = sa.select(Event.entry).order_by(Event.id.desc())
    return [orjson.loads(each) for each in tx.connection.execute(asked).scalars()]


def test_leaving_owners_makes_admins_founders_and_nobody_an_administrator(town):
    ada, _ = town.person("ada"), town.person("bob")
    with town.ground.write() as tx:
        made = founding.found_organisation(tx, ada, name="lab", members={"bob": Role.WRITE})
        town.commons_id, town.account_id = made.commons_id, made.id
    town.charter(town.preset("university"))
    with town.ground.write() as tx:
        powers.found(tx, "system:test", town.commons_id)
    assert role(town, "ada") is Role.CONTRIBUTOR
    assert role(town, "bob") is Role.CONTRIBUTOR
    assert stands(town, "ada").is_elector
    assert not stands(town, "bob").is_elector
    town.ground.clock.advance(days=30)
    assert stands(town, "bob").is_elector


def test_two_members_and_no_stewards_elect_one_and_go_on(town):
    town.found("university", "ada", "bob")
    with town.ground.read() as tx:
        assert queries.stewards(tx, town.commons_id) == []
    town.tick()
    do(town, "ada", offices.nominate, role="steward", name="bob")
    do(town, "bob", offices.accept, role="steward")
    town.tick(days=7)
    number = next(
        n
        for n in (1, 2)
        if town.see(n).action is Action.SEAT_FILL and "steward" in town.see(n).title
    )
    for name in ("ada", "bob"):
        town.vote(name, number, *(1 for _ in town.see(number).options if _.key))
    town.tick(days=11)
    assert town.see(number).state == "enacted"
    assert stands(town, "bob").holds("steward")
    town.tick(days=366)
    assert stands(town, "bob").caretaker
    assert not stands(town, "bob").holds("steward")
    town.tick(days=31)
    assert not stands(town, "bob").caretaker


def test_where_nobody_is_active_the_parent_decides_on_custody_and_never_silently(town, clock):
    hub = operator(town.ground, "olga")
    town.found("university", "ada", "bob")
    for name in ("ada", "bob"):
        with town.ground.write() as tx:
            membership.note_activity(tx, town.commons_id, town.person(name).id)
    with pytest.raises(Exception, match="has electors, who decide for themselves"):
        propose(town.ground, hub, HUB, "seat.grant", custody="lab")
    clock.advance(days=366)
    jobs.rest(town.ground, {})
    with town.ground.read() as tx:
        assert queries.electors(tx, town.commons_id) == []
    assert stands(town, "ada").state is State.EMERITUS
    number = propose(town.ground, hub, HUB, "seat.grant", custody="lab")
    with town.ground.read() as tx:
        assert proposal_queries.proposal(tx, HUB, number).state == "enacted"
        assert [each.holder for each in queries.stewards(tx, town.commons_id)] == ["olga"]
        assert [each.name for each in queries.electors(tx, town.commons_id)] == ["olga"]
    do(town, "ada", membership.return_)
    with town.ground.read() as tx:
        assert {each.name for each in queries.electors(tx, town.commons_id)} == {"olga", "ada"}


def test_the_last_member_may_leave_and_the_hub_may_take_custody(town):
    hub = operator(town.ground, "olga")
    town.found("university", "ada")
    do(town, "ada", people.leave)
    propose(town.ground, hub, HUB, "seat.grant", custody="lab")
    assert stands(town, "ada").state is State.LEFT
    with town.ground.read() as tx:
        assert queries.standing(tx, town.commons_id, hub.id).holds("steward")


def test_where_members_decide_custody_is_voted_on_and_silence_takes_nothing(town):
    town.found("university", "ada", "bob")
    town.seat("ada", "steward")
    ward = Town(town.ground, name="ward")
    parent = f"parent: lab@sha256:{'0' * 64}"
    ward.found("university", "dan", text=ward.preset("university") + parent + "\n")
    do(ward, "dan", people.leave)
    made = town.propose("ada", "seat.grant", payload={"custody": "ward"})
    assert made.terms.path is Path.VOTE
    assert made.state == "deliberating"
    town.second("bob", made.number)
    town.tick(days=14)
    assert town.see(made.number).state == "voting"
    town.tick(days=14)
    assert town.see(made.number).state == "no_quorum"
    with town.ground.read() as tx:
        assert queries.electors(tx, ward.commons_id) == []

    again = town.propose("ada", "seat.grant", payload={"custody": "ward"})
    town.second("bob", again.number)
    town.tick(days=14)
    for name in ("ada", "bob"):
        town.vote(name, again.number, 1, 2)
    town.tick(days=14)
    assert town.see(again.number).state == "enacted"
    with town.ground.read() as tx:
        assert [each.holder for each in queries.stewards(tx, ward.commons_id)] == ["ada"]


@pytest.mark.parametrize("preset", [each for each in Preset if each not in ("solo", "owners")])
def test_no_charter_of_members_takes_custody_but_by_vote(preset):
    charter = presets.charter(preset, "lab")
    assert charter.decisions[custody.vote(charter)].path is Path.VOTE
    for way in charter.decisions:
        changed = replace(charter, actions={**charter.actions, Action.SEAT_GRANT: way})
        assert charter.decisions[custody.vote(changed)].path is Path.VOTE


def test_three_members_admit_a_fourth_over_an_objection_who_votes_a_month_later(town):
    town.found("university", "ada", "bob", "cleo")
    do(town, "dan", people.apply)
    do(town, "ada", people.sponsor, name="dan")
    town.object("bob", 1, "Dan has not told us who he is.")
    assert town.see(1).state == "deliberating"
    town.second("ada", 1)
    town.tick(days=11)
    assert town.see(1).state == "voting"
    for name in ("ada", "bob", "cleo"):
        town.vote(name, 1, 1, 2)
    town.tick(days=11)
    assert town.see(1).state == "enacted"
    assert not stands(town, "dan").is_elector
    town.tick(days=30)
    assert stands(town, "dan").is_elector


def elect(town, role, *names):
    """Let these stand for an office, and everybody who votes approve of all; who was elected."""
    for name in names:
        do(town, name, offices.nominate, role=role, name=name)
    town.tick(days=7)
    with town.ground.read() as tx:
        number = offices.open_election(tx, town.commons_id, role).proposal
    marks = [1 for each in town.see(number).options if each.key]
    for name in ("ada", "bob", "cyd"):
        if stands(town, name).is_elector:
            town.vote(name, number, *marks)
    town.tick(days=11)
    with town.ground.read() as tx:
        return {each.holder for each in queries.seats(tx, town.commons_id, role=role)}


def running(town, role):
    with town.ground.read() as tx:
        return offices.open_election(tx, town.commons_id, role)


@pytest.mark.parametrize("how", [people.leave, people.rest])
def test_when_the_last_steward_goes_in_the_middle_of_a_term_an_election_begins(town, how):
    town.found("university", "ada", "bob", "cyd")
    town.tick()
    assert elect(town, "steward", "bob") == {"bob"}  # one candidate for five seats
    town.tick(days=100)
    assert running(town, "steward") is None
    do(town, "bob", how)
    town.tick(minutes=1)
    assert running(town, "steward") is not None
    town.tick(days=8)
    assert running(town, "steward") is None  # nobody stood
    for _ in range(3):  # and it is asked again, as long as nobody does
        town.tick(days=28)
        assert running(town, "steward") is not None
        town.tick(days=8)
    town.tick(days=28)
    assert elect(town, "steward", "cyd") == {"cyd"}


def test_of_two_who_tie_twice_the_lot_takes_one(town):
    town.found("university", "ada", "bob")
    town.tick()
    for name in ("ada", "bob"):
        do(town, name, offices.nominate, role="secretary", name=name)
    town.tick(days=7)
    for turn in (1, 2):
        election = running(town, "secretary")
        assert election.round == turn
        town.vote("ada", election.proposal, 1, 2, 3)
        town.vote("bob", election.proposal, 2, 1, 3)
        town.tick(days=10)
        town.tick()
    with town.ground.read() as tx:
        assert len(queries.seats(tx, town.commons_id, role="secretary")) == 1
    assert running(town, "secretary") is None


def test_the_founder_leaves_and_the_others_go_on(town):
    town.found("university", "ada", "bob")
    do(town, "ada", people.leave)
    town.tick()
    made = town.propose("bob")
    town.tick(hours=96)
    assert town.see(made.number).state == "enacted"


def test_an_institution_alone_lets_another_in_when_every_person_has_left(town):
    town.found("consortium", "olga")
    institution(town, "school", "rita")
    do(town, "olga", people.leave)
    town.person("mia")
    with town.ground.write() as tx:
        founding.found_organisation(tx, accounts.actor_named(tx, "mia"), name="museum")
    do(town, "mia", people.apply, institution="museum")
    with pytest.raises(Denied):
        do(town, "mia", people.sponsor, name="museum")
    do(town, "rita", people.sponsor, name="museum")
    town.tick(hours=73)
    with town.ground.read() as tx:
        names = {each.name for each in queries.electors(tx, town.commons_id)}
    assert names == {"school", "museum"}


def test_institutions_all_at_rest_are_in_custody_and_come_back_by_a_click(town, clock):
    hub = operator(town.ground, "olga")
    town.found("consortium", "ada")
    institution(town, "school", "rita")
    clock.advance(days=366)
    jobs.rest(town.ground, {})
    with town.ground.read() as tx:
        assert queries.electors(tx, town.commons_id) == []
    propose(town.ground, hub, HUB, "seat.grant", custody="lab")
    with town.ground.read() as tx:
        assert queries.standing(tx, town.commons_id, hub.id).holds("steward")
    do(town, "rita", people.return_, institution="school")
    with town.ground.read() as tx:
        assert [each.name for each in queries.electors(tx, town.commons_id)] == ["school"]
    made = town.propose("rita")
    assert made.institution == "school"


def test_who_gave_up_their_account_is_no_member_and_in_no_office(town):
    town.found("university", "ada", "bob", "cyd")
    town.tick()
    assert elect(town, "steward", "bob") == {"bob"}
    town.tick(days=100)
    with town.ground.write() as tx:
        bob = accounts.actor_named(tx, "bob")
        identity.delete_account(tx, bob, account="bob")
    with town.ground.read() as tx:
        electors = {each.name for each in queries.electors(tx, town.commons_id)}
        assert electors == {"ada", "cyd"}
        assert queries.stewards(tx, town.commons_id) == []
    town.tick(minutes=1)
    with town.ground.read() as tx:
        row = powers.kept(tx, town.commons_id, bob.id)
        assert State(row.state) is State.LEFT
        assert queries.seats(tx, town.commons_id, role="steward") == []
    assert running(town, "steward") is not None
