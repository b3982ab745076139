"""Institutions take part: their stewards propose, second, object and vote, and count as one."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from iriai.base.errors import Conflict, Denied
from iriai.base.events import Event
from iriai.commons import actions as commons
from iriai.commons import jobs
from iriai.commons.enactment import people
from iriai.commons.membership import actions as members
from iriai.commons.membership import powers, queries, speaking
from iriai.commons.membership.rules import State as Standing
from iriai.commons.membership.tables import Activity
from iriai.commons.proposals import actions
from iriai.commons.proposals.rules import State
from iriai.identity import queries as accounts
from iriai.identity.rules import Role
from tests.commons.membership.test_members import do
from tests.support.commons import Town


def institution(town: Town, name: str, *admins: str) -> int:
    """An organisation of these admins, admitted as a founding member."""
    for each in admins:
        town.person(each)
    with town.ground.write() as tx:
        first = accounts.actor_named(tx, admins[0])
        made = commons.found_organisation(
            tx, first, name=name, members=dict.fromkeys(admins[1:], Role.ADMIN)
        )
        powers.admit(tx, "system:test", town.commons_id, made.id, is_founder=True)
        return made.id


@pytest.fixture
def labs(town):
    """A consortium of two schools and a museum; two people speak for the first."""
    town.found("consortium", "olga")
    for name, *admins in (("school", "rita", "sam"), ("museum", "mia"), ("college", "carl")):
        institution(town, name, *admins)
    return town


def test_who_speaks_for_an_institution_proposes_seconds_and_objects(labs):
    made = labs.propose("rita")
    assert (made.proposer, made.institution, made.seconds_needed) == ("rita", "school", 1)
    seconded = labs.second("mia", made.number)
    assert [(each.name, each.institution) for each in seconded.seconds] == [("mia", "museum")]
    objected = labs.object("carl", made.number)
    assert objected.state is State.DELIBERATING
    assert objected.objections[0].institution == "college"
    with labs.ground.read() as tx:
        asked = select(Event.entry).where(Event.verb.in_(("proposed", "seconded", "objected to")))
        entries = tx.connection.execute(asked.order_by(Event.id)).scalars().all()
    for entry, name in zip(entries, ("school", "museum", "college"), strict=True):
        assert f'"institution":"{name}"' in entry


def test_two_people_of_one_institution_count_once(labs):
    made = labs.propose("rita")
    with pytest.raises(Conflict, match="your institution's proposal"):
        labs.second("sam", made.number)
    labs.object("mia", made.number)
    found = labs.object("sam", made.number)
    assert found.seconds_needed == 1
    with pytest.raises(Conflict, match="stands already"):
        labs.object("rita", made.number)
    assert [each.institution for each in labs.see(made.number).objections] == ["museum", "school"]


def test_a_member_from_an_institution_that_votes_is_no_other_than_it(labs):
    labs.join("tom")
    with labs.ground.write() as tx:
        school = accounts.organisation(tx, "school")
        powers.kept(tx, labs.commons_id, labs.person("tom").id).institution_id = school.id
        tx.record(labs.commons_id, "system:test", "changed", "member/lab/tom")
    made = labs.propose("rita")
    with pytest.raises(Conflict, match="your institution's proposal"):
        labs.second("tom", made.number)
    assert labs.second("olga", made.number).is_seconded  # a member of no institution


def test_who_speaks_for_an_institution_counts_with_it_in_every_voice(labs):
    institution(labs, "shell", "sam")
    made = labs.propose("rita")
    labs.join("sam")
    labs.join("rita")
    for name, voice in (("sam", "sam"), ("sam", "shell"), ("rita", "rita")):
        with pytest.raises(Conflict, match="proposal; somebody else"), labs.ground.write() as tx:
            actions.second(tx, labs.person(name), labs.commons_id, made.number, voice=voice)
    labs.object("rita", made.number)
    with pytest.raises(Conflict, match="stands already"), labs.ground.write() as tx:
        reason = "It would cost us the summer."
        actions.object_(
            tx, labs.person("sam"), labs.commons_id, made.number, reason=reason, voice="sam"
        )
    other = labs.propose("rita", voice="rita").number
    with pytest.raises(Conflict, match="your institution's proposal"):
        labs.second("sam", other)
    assert labs.second("mia", made.number).is_seconded


def test_any_steward_of_the_institution_takes_its_proposal_back_and_nobody_else(labs):
    made = labs.propose("rita")
    with labs.ground.write() as tx, pytest.raises(Denied):
        actions.withdraw(tx, labs.person("mia"), labs.commons_id, made.number)
    with labs.ground.write() as tx:
        done = actions.withdraw(tx, labs.person("sam"), labs.commons_id, made.number)
    assert done.state is State.WITHDRAWN


def test_one_says_in_whose_name_and_only_in_ones_own(labs):
    labs.join("rita")
    with labs.ground.read() as tx:
        names = [
            each.name for each in speaking.speakers(tx, labs.commons_id, labs.person("rita").id)
        ]
    assert names == ["school", "rita"]  # here institutions vote
    assert labs.propose("rita", voice="rita").institution == "school"  # with which it counts
    with pytest.raises(Denied, match="do not speak for museum"):
        labs.propose("rita", voice="museum")
    with pytest.raises(Denied, match="Only members"):
        labs.person("eve") and labs.propose("eve")


def test_an_institution_that_left_has_no_voice(labs):
    with labs.ground.write() as tx:
        school = accounts.organisation(tx, "school")
        powers.part(tx, "system:test", labs.commons_id, school.id)
    with pytest.raises(Denied, match="Only members"):
        labs.propose("rita")


def test_an_institution_whose_people_take_part_does_not_rest_and_returns_by_one_click(labs):
    labs.ground.clock.advance(days=200)
    made = labs.propose("rita")
    labs.object("mia", made.number)
    labs.second("olga", made.number)
    labs.tick(days=5)
    labs.vote("mia", made.number, 2, 1)
    labs.ground.clock.advance(days=170)
    jobs.rest(labs.ground, {})
    assert _stands(labs, "school") is Standing.MEMBER
    assert _stands(labs, "museum") is Standing.MEMBER
    assert _stands(labs, "college") is Standing.EMERITUS
    with pytest.raises(Denied):
        labs.propose("carl")
    with pytest.raises(Denied, match="speak"):
        do(labs, "mia", members.return_, institution="college")
    do(labs, "carl", members.return_, institution="college")
    assert _stands(labs, "college") is Standing.MEMBER
    assert labs.propose("carl").institution == "college"


def test_who_votes_in_secret_only_does_not_rest_either(town):
    town.found("university", "ada", "bob")
    from iriai.commons.membership import offices

    town.tick()
    do(town, "ada", offices.nominate, role="steward", name="bob")
    do(town, "bob", offices.accept, role="steward")
    town.ground.clock.advance(days=7)
    town.tick()
    number = next(each for each in (1, 2, 3) if "steward" in town.see(each).title)
    start = town.ground.clock.moment
    with town.ground.write() as tx:
        for name in ("ada", "bob"):
            members.note_activity(tx, town.commons_id, town.person(name).id)
    town.vote("ada", number, *(1 for each in town.see(number).options if each.key))
    town.tick(days=11)
    town.ground.clock.moment = start + timedelta(days=366)
    jobs.rest(town.ground, {})
    with town.ground.read() as tx:
        assert queries.standing(tx, town.commons_id, town.person("ada").id).is_member


def test_a_petition_names_the_institution_for_which_somebody_signs(labs):
    labs.seat("olga", "steward")
    with labs.ground.read() as tx:
        (held,) = queries.stewards(tx, labs.commons_id)
    how = {"seat_id": held.id, "text": "Merged without review."}
    made = do(labs, "rita", people.petition, **how)
    assert [(each.name, each.institutions) for each in made.signers] == [("rita", ("school",))]
    with labs.ground.read() as tx:
        asked = select(Event.entry).where(Event.verb.in_(("opened a petition on",)))
        assert '"institutions":["school"]' in tx.connection.execute(asked).scalar_one()
        asked = select(Activity.account_id).where(Activity.commons_id == labs.commons_id)
        seen = set(tx.connection.execute(asked).scalars())
        assert accounts.organisation(tx, "school").id in seen
        assert labs.person("rita").id not in seen  # who is no member


def _stands(town, name):
    with town.ground.read() as tx:
        account = accounts.organisation(tx, name)
        return queries.member(tx, town.commons_id, account.id).state
