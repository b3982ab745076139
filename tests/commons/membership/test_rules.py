"""Standing, electors and caretakers, for all members and moments."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from iriai.commons.charter.rules import Charter, Kinds, Members, Preset, Recall
from iriai.commons.charter.rules import Role as Office
from iriai.commons.membership import electing, rules
from iriai.commons.membership.rules import Kind, Row, Seat, State
from iriai.identity.rules import Role

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAYS = st.integers(-400, 400).map(lambda days: NOW + timedelta(days=days))
KEPT = st.sampled_from([each for each in State if each is not State.VISITOR])


@st.composite
def rows(draw):
    count = draw(st.integers(0, 12))
    return [
        Row(
            account_id=number + 1,
            name=f"p{number}",
            kind=draw(st.sampled_from(Kind)),
            state=draw(KEPT),
            since=draw(DAYS),
            until=draw(st.none() | DAYS),
            is_founder=draw(st.booleans()),
            institution_id=draw(st.none() | st.integers(101, 103)),
        )
        for number in range(count)
    ]


CHARTERS = st.builds(
    Charter,
    commons=st.just("lab"),
    preset=st.just(Preset.UNIVERSITY),
    members=st.builds(
        Members,
        kinds=st.builds(Kinds, person=st.integers(0, 2), institution=st.integers(0, 2)),
        elector_after_days=st.integers(0, 90),
        max_share_per_institution=st.floats(0.05, 1.0),
    ),
    roles=st.fixed_dictionaries(
        {
            "steward": st.builds(
                Office,
                seats=st.integers(1, 5),
                elected_by=st.just("people"),
                recall=st.builds(Recall, petition=st.floats(0.01, 1)),
            )
        }
    ),
)


@st.composite
def seats(draw):
    found = []
    for number in range(draw(st.integers(0, 8))):
        starts = draw(DAYS)
        ends = starts + timedelta(days=draw(st.integers(0, 365)))
        found.append(
            Seat(
                id=number,
                role="steward",
                holder_id=draw(st.integers(1, 5)),
                holder="x",
                repo_id=None,
                starts_at=starts,
                ends_at=ends,
                caretaker_until=ends + timedelta(days=rules.CARETAKER_DAYS),
                term=1,
            )
        )
    return found


@given(CHARTERS, rows())
def test_every_elector_is_a_member_whose_wait_is_over_and_whose_kind_votes(charter, found):
    by_id = {row.account_id: row for row in found}
    for elector in rules.electors(charter, found, NOW):
        stands = rules.standing(charter, by_id[elector.account_id], [], [], NOW)
        assert stands.is_member
        assert stands.is_elector
        assert stands.votes == elector.votes > 0


@given(CHARTERS, rows())
def test_no_institution_has_more_than_its_share_of_the_people_unless_all_are_of_it(charter, found):
    people = [x for x in rules.electors(charter, found, NOW) if x.kind is Kind.PERSON]
    counted = Counter(each.institution_id for each in people if each.institution_id is not None)
    if len({each.institution_id or -each.account_id for each in people}) > 1:
        share = charter.members.max_share_per_institution
        assert all(n <= max(1, share * len(people) + 1e-6) for n in counted.values())


@given(CHARTERS, rows(), st.data())
def test_who_leaves_takes_nobody_elses_vote(charter, found, data):
    charter = replace(charter, members=replace(charter.members, max_share_per_institution=1.0))
    before = {each.account_id for each in rules.electors(charter, found, NOW)}
    if not found:
        return
    gone = data.draw(st.sampled_from(found))
    rest = [replace(row, state=State.LEFT) if row is gone else row for row in found]
    after = {each.account_id for each in rules.electors(charter, rest, NOW)}
    assert after == before - {gone.account_id}


@given(rows(), CHARTERS)
def test_a_suspension_is_over_in_the_instant_it_ends(found, charter):
    for row in found:
        ends = replace(row, state=State.SUSPENDED, until=NOW)
        just_before = NOW - timedelta(microseconds=1)
        assert rules.standing(charter, ends, [], [], just_before).state is State.SUSPENDED
        assert rules.standing(charter, ends, [], [], NOW).is_member


@given(CHARTERS, seats())
def test_caretakers_never_outnumber_the_empty_seats_nor_outstay_thirty_days(charter, held):
    office = charter.roles["steward"]
    sitting = rules.in_office(held, NOW)
    caring = rules.caretakers(charter, held, NOW)
    assert len(caring) <= max(0, office.seats - len(sitting))
    for each in caring:
        assert each.ends_at <= NOW < each.ends_at + timedelta(days=rules.CARETAKER_DAYS)
        assert each.holder_id not in {seat.holder_id for seat in sitting}


@given(CHARTERS, seats())
def test_a_seat_that_is_free_from_a_moment_is_one_more_than_are_held_then(charter, held):
    starts = electing.free_from(charter, "steward", held, NOW)
    assert starts is not None
    assert starts >= NOW
    assert sum(1 for each in held if each.ends_at > starts) < charter.roles["steward"].seats


@given(CHARTERS, st.integers(1, 60))
def test_a_recall_takes_its_share_and_nobody_opens_it_alone_where_there_are_others(
    charter, electors
):
    needed = electing.signatures_needed(charter, "steward", electors)
    share = charter.roles["steward"].recall.petition
    assert needed >= share * electors - 1e-6
    assert 1 <= needed <= max(electors, 1)
    assert needed > 1 or electors <= 2


@given(st.none() | st.sampled_from(Role))
def test_where_owners_decide_the_admins_are_owners_electors_and_stewards(role):
    stands = rules.by_role(role)
    assert stands.is_owner == stands.is_elector == stands.holds("steward") == (role is Role.ADMIN)
    assert stands.is_member == (role is not None)


@given(CHARTERS, st.integers(0, 9), st.integers(0, 5), st.integers(0, 5))
def test_admission_never_asks_for_more_sponsors_than_there_are_members(
    charter, members, sponsors, contributions
):
    needed = rules.requirement(
        charter, members=members, sponsors=sponsors, contributions=contributions
    )
    assert needed.sponsors_needed <= members
    assert needed.is_met == (needed.words.startswith("nothing"))


@given(st.text(max_size=20), st.lists(st.text(min_size=1, max_size=5), unique=True))
def test_a_lot_is_the_same_in_whatever_order_the_names_come(seed, names):
    assert electing.lot(seed, names) == electing.lot(seed, sorted(names))
