"""Reports, the ladder, fading, holds: what stewards may do, and what ends by itself."""

import pytest

from iriai.base.errors import Conflict, Denied, Excessive, Invalid
from iriai.commons.cases import actions, holding, queries, rules
from iriai.commons.enactment import case_steps
from iriai.commons.enactment import cases as enacting
from iriai.identity.rules import Act, Subject, may
from iriai.repos import rules as repo_rules
from tests.commons.cases.village import Village
from tests.support.overlap import overlapping
from tests.support.prepared import Prepared

VILLAGE = Prepared(
    lambda ground, clock: Village(ground, clock, ["ada", "eve", "una"], ["bob", "cid"])
)


@pytest.fixture
def village(tmp_path, clock):
    with VILLAGE.copied(tmp_path, clock) as made:
        yield made


def hold(village, by, subject, ground="malware"):
    with village.ground.write() as tx:
        made = enacting.hold(
            tx,
            village.actor(by, tx),
            subject=subject,
            ground=ground,
            reason="It runs code.",
            commons_id=village.id,
        )
        return made.number


def second(village, by, number, action=enacting.second_hold):
    with village.ground.write() as tx:
        return action(tx, village.actor(by, tx), queries.hold(tx, village.id, number))


def test_from_report_to_decision_each_step_is_in_the_log(village):
    number = village.report("cid", "account/bob")
    village.act(actions.triage, "ada", number)
    village.charge("ada", number)
    village.act(actions.answer, "bob", number, words="I am sorry.")
    village.decide("ada", number, "warning")
    case = village.case(number)
    assert (case.state, case.rung) == (rules.State.DECIDED, "warning")
    told = ["reported", "looked at", "charged", "answered", "decided"]
    assert [each for each in village.verbs() if each in told] == told


def test_the_log_names_nobody_but_the_stewards(village):
    from sqlalchemy import select

    from iriai.base.events import Event

    number = village.report("cid", "account/bob")
    village.charge("ada", number)
    with village.ground.read() as tx:
        entries = tx.session.scalars(select(Event.entry).where(Event.subject.startswith("case/")))
        assert not any("bob" in each or "cid" in each for each in entries)


def test_nobody_skips_two_rungs(village):
    number = village.report("ada", "account/bob")
    village.charge("ada", number)
    village.clock.advance(days=3)
    with pytest.raises(Denied, match="no more than one rung is skipped") as refused:
        village.decide("ada", number, "throttle")
    assert refused.value.code == "RungSkipped"
    village.decide("ada", number, "warning")
    again = village.sanctioned("bob", "write", by="ada")
    assert village.case(again).rung == "write"


def test_on_a_ground_for_a_hold_rungs_may_be_skipped(village):
    number = village.sanctioned("bob", "write", by="ada", ground="malware")
    assert village.case(number).rung == "write"


def test_nothing_is_taken_before_there_was_time_to_answer(village):
    village.sanctioned("bob", "warning", by="ada")
    number = village.report("ada", "account/bob")
    village.charge("ada", number)
    with pytest.raises(Conflict, match="may answer until"):
        village.decide("ada", number, "throttle")
    village.act(actions.answer, "bob", number, words="It was not me.")
    village.decide("ada", number, "throttle")


def test_suspending_takes_two_stewards_and_expelling_a_panel(village):
    village.sanctioned("bob", "warning", by="ada")
    village.sanctioned("bob", "write", by="ada")
    number = village.report("ada", "account/bob")
    village.charge("ada", number)
    village.clock.advance(days=3)
    assert village.decide("ada", number, "suspend") is None
    assert village.decide("ada", number, "suspend") is None  # the same steward twice is still one
    with pytest.raises(Denied, match="Only a panel"):
        village.decide("ada", number, "expel")
    assert village.decide("eve", number, "suspend") is not None


def test_a_party_cannot_act_in_a_case(village):
    about_eve = village.report("cid", "account/eve")
    with pytest.raises(Denied, match="a party"):
        village.charge("eve", about_eve)
    by_una = village.report("una", "account/bob", is_affected=True)
    with pytest.raises(Denied, match="a party"):
        village.charge("una", by_una)
    village.charge("ada", by_una)


def test_only_stewards_deal_with_cases(village):
    number = village.report("cid", "account/bob")
    for name in ("bob", "cid"):
        with pytest.raises(Denied):
            village.act(actions.triage, name, number)


def test_a_write_sanction_holds_at_once_and_ends_in_its_second(village):
    subject = Subject(village.repo_owner(), is_public=True)
    village.sanctioned("bob", "warning", by="ada")
    number = village.sanctioned("bob", "write", by="ada")
    assert not may(village.actor("bob"), Act.DISCUSS, subject)
    village.clock.advance(days=30, seconds=-1)
    assert not may(village.actor("bob"), Act.DISCUSS, subject)
    village.clock.advance(seconds=1)
    assert may(village.actor("bob"), Act.DISCUSS, subject)
    village.tick()
    assert "ended the effect of" in village.verbs()
    assert village.case(number).state == rules.State.DECIDED


def test_after_clean_days_a_rung_is_dropped(village):
    number = village.sanctioned("bob", "warning", by="ada")

    def stands():
        with village.ground.read() as tx:
            return queries.stands_on(tx, queries.row(tx, village.id, number))

    assert stands() == 2
    village.clock.advance(days=180, seconds=-1)
    assert stands() == 2
    village.clock.advance(seconds=1)
    assert stands() == 1  # before the clock has written anything down
    village.tick()
    assert village.verbs().count("faded") == 1
    village.tick(days=180)
    assert (stands(), village.verbs().count("faded")) == (0, 2)
    assert village.case(number).state == rules.State.EXPIRED


def test_a_hold_takes_two_and_lapses_at_72_hours(village):
    subject = village.model("bob")
    number = hold(village, "ada", subject)
    repo_rules.require_read(village.actor("cid"), village.repo("cid"))
    with pytest.raises(Denied, match="another steward"):
        second(village, "ada", number)
    second(village, "eve", number)
    with pytest.raises(Denied, match="held by tales") as refused:
        repo_rules.require_read(village.actor("cid"), village.repo("cid"))
    assert refused.value.code == "Held"
    village.clock.advance(hours=72, seconds=-1)
    with pytest.raises(Denied):
        repo_rules.require_read(village.actor("cid"), village.repo("cid"))
    village.clock.advance(seconds=1)
    repo_rules.require_read(village.actor("cid"), village.repo("cid"))
    village.tick()
    assert "lapsed" in village.verbs()
    with pytest.raises(Conflict, match="held already"):
        hold(village, "una", subject)  # not again and again: a case says what follows


def test_an_open_case_keeps_a_hold_until_it_is_decided(village):
    subject = village.model("bob")
    number = hold(village, "ada", subject)
    second(village, "eve", number)
    case = second(village, "ada", number, enacting.open_case).number
    village.tick(hours=80)
    with pytest.raises(Denied, match="held"):
        repo_rules.require_read(village.actor("cid"), village.repo("cid"))
    village.act(enacting.dismiss, "ada", case, reasons="A false alarm.")
    repo_rules.require_read(village.actor("cid"), village.repo("cid"))


def test_a_hold_is_for_a_listed_ground(village):
    with pytest.raises(Invalid, match="malware"):
        hold(village, "ada", village.model("bob"), ground="boredom")


def test_a_hold_can_be_lifted(village):
    subject = village.model("bob")
    number = hold(village, "ada", subject)
    second(village, "eve", number)
    second(village, "una", number, enacting.lift_hold)
    repo_rules.require_read(village.actor("cid"), village.repo("cid"))
    with pytest.raises(Conflict):
        second(village, "una", number, enacting.lift_hold)


def test_things_have_a_ladder_of_their_own(village):
    subject = village.model("bob")
    for rung in ("delist", "freeze"):
        number = village.report("ada", subject)
        village.charge("ada", number)
        village.clock.advance(days=3)
        village.decide("ada", number, rung)
    repo = village.repo("cid")
    assert repo.is_delisted
    assert "frozen" in repo.label
    with pytest.raises(Denied, match="frozen") as refused:
        repo_rules.require_write(village.actor("ada"), repo)
    assert refused.value.code == "Frozen"
    village.tick(days=180)  # one rung less: from freezing to a gate
    assert village.repo("cid").gated == "manual"
    assert village.repo("cid").frozen_reason is None
    village.tick(days=1_000)
    repo = village.repo("cid")
    assert (repo.gated, repo.label, repo.is_delisted) == (None, None, False)


def test_reports_have_a_limit_for_a_day(village):
    for _ in range(rules.REPORTS_PER_DAY):
        village.report("cid", "account/bob")
    with pytest.raises(Excessive):
        village.report("cid", "account/bob")
    village.clock.advance(days=1)
    village.report("cid", "account/bob")


def test_alone_one_steward_holds_for_a_day(ground, clock):
    village = Village(ground, clock, ["ada"], ["bob"])
    subject = village.model("bob")
    hold(village, "ada", subject)
    with pytest.raises(Denied, match="held"):
        repo_rules.require_read(village.actor("bob"), village.repo("bob"))
    village.clock.advance(hours=24)
    repo_rules.require_read(village.actor("bob"), village.repo("bob"))
    assert holding  # the same rule for the page that says so


def test_a_comment_is_held_like_anything_else(village):
    from iriai.discussions import actions as discussions
    from iriai.discussions import queries as talks

    village.model("bob")
    repo = village.repo("bob")
    with village.ground.write() as tx:
        made = discussions.open_discussion(
            tx, village.actor("bob", tx), repo, title="Hello", description="my password is 1"
        )
        key = talks.events(tx, made.id)[0].key
    subject = f"{repo.subject}/discussions/{made.number}/comment/{key}"
    second(village, "eve", hold(village, "ada", subject, ground="privacy"))
    with village.ground.read() as tx:
        held = talks.event(tx, made.id, key).data
    assert held["hidden"]
    assert "held by tales (privacy)" in held["reason"]
    village.clock.advance(hours=72)
    with village.ground.read() as tx:
        assert not talks.event(tx, made.id, key).data["hidden"]


def test_of_two_stewards_who_end_a_case_at_once_one_does(any_ground, clock):
    village = Village(any_ground, clock, ["ada", "eve"], ["bob", "cid"])
    number = village.report("cid", "account/bob")
    village.charge("ada", number)
    village.act(actions.answer, "bob", number, words="I am sorry.")

    def step(by, name, **given):
        actor = village.actor(by)
        words = {"reasons": "So we think."} | given
        return lambda tx: case_steps.case_step(tx, actor, village.id, number, name, words)

    late = overlapping(any_ground, step("ada", "dismiss"), step("eve", "decide", rung="warning"))
    assert isinstance(late, Conflict)
    assert village.case(number).state == rules.State.DISMISSED
    with any_ground.read() as tx:
        assert queries.sanction_of(tx, village.case(number).id) is None


def test_two_who_report_at_once_have_a_case_each(any_ground, clock):
    village = Village(any_ground, clock, ["ada"], ["bob", "cid"])

    def report(by):
        actor = village.actor(by)
        return lambda tx: actions.report(
            tx, actor, subject="account/ada", words="Look at this.", commons_id=village.id
        )

    assert overlapping(any_ground, report("bob"), report("cid")) is None
    assert [village.case(number).number for number in (1, 2)] == [1, 2]
