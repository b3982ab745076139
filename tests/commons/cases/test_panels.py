"""Appeals, and who hears them: five by lot, else three, the parent, everybody left, or a vote."""

import orjson
import pytest
import sqlalchemy as sa

from iriai.base import ledger
from iriai.base.errors import Conflict, Denied, Invalid
from iriai.base.events import Event
from iriai.commons import actions as commons
from iriai.commons import queries as commons_queries
from iriai.commons.cases import actions, lot, panels, queries, records, rules
from iriai.commons.cases.bench import Form, Sitting
from iriai.commons.cases.tables import PanelSeat
from iriai.commons.charter import presets, register
from iriai.commons.charter import queries as charters
from iriai.commons.enactment import cases as enacting
from iriai.identity.rules import ANYONE, Act, Role, Subject, may
from tests.commons.cases.village import Village
from tests.support.prepared import Prepared

EIGHT = ["ada", "eve", "una", "ivo", "kai", "lea", "max", "nia"]


def appealed(village, who="bob", by="ada", rung="write"):
    """A sanction that was appealed, long after everybody joined."""
    village.clock.advance(days=90)
    village.sanctioned(who, "warning", by=by)
    number = village.sanctioned(who, rung, by=by)
    village.act(enacting.appeal, who, number, words="It was not me.", string="of bob")
    return number


def drawn(village, number):
    """Its panel, once the window has closed and the lot was drawn."""
    village.tick(days=14)
    found, seats = village.panel(number)
    assert found.state == Sitting.SITTING
    return found, [village.name(each.account_id) for each in seats]


def published(village, found, who=None):
    """The record of a draw, as somebody gets it or, without a name, everybody."""
    with village.ground.read() as tx:
        viewer = ANYONE if who is None else village.actor(who, tx)
        return records.record_of(tx, viewer, queries.panel(tx, village.id, found.number))


def respond(village, by, number, accepts):
    with village.ground.write() as tx:
        found = queries.panel_of_case(tx, queries.row(tx, village.id, number))
        panels.respond(tx, village.actor(by, tx), found, accepts=accepts)


VILLAGE = Prepared(lambda ground, clock: Village(ground, clock, EIGHT, ["bob", "cid"]))


@pytest.fixture
def village(tmp_path, clock):
    with VILLAGE.copied(tmp_path, clock) as made:
        yield made


@pytest.fixture
def any_village(any_ground, clock):
    return Village(any_ground, clock, EIGHT, ["bob", "cid"])


def test_an_appeal_stays_the_sanction_until_a_panel_has_spoken(village):
    subject = Subject(village.repo_owner(), is_public=True)
    number = appealed(village)
    assert may(village.actor("bob"), Act.DISCUSS, subject)
    _, names = drawn(village, number)
    for name in names[:3]:
        village.say(name, number, "upheld")
    assert village.case(number).outcome == "upheld"
    assert not may(village.actor("bob"), Act.DISCUSS, subject)


def test_five_are_drawn_by_a_lot_that_anybody_can_draw_again(any_village):
    village = any_village
    number = appealed(village)
    found, names = drawn(village, number)
    record = published(village, found, "eve")
    verified = lot.verify(record)
    assert verified.faults == ()
    assert verified.is_whole
    assert list(verified.names) == names
    assert len(names) == 5
    assert "ada" not in names  # who decided does not judge their own act
    assert record["strings"] == {"appellant": "of bob", "decider": ""}


def told(village):
    """All that the log says in public, and what is shown of its state."""
    with village.ground.read() as tx:
        asked = sa.select(Event.entry).where(Event.commons_id == village.id).order_by(Event.id)
        return [orjson.loads(each) for each in tx.connection.execute(asked).scalars()]


def test_in_a_small_commons_a_draw_tells_nobody_who_is_involved(any_village):
    village = any_village
    number = appealed(village)
    found, names = drawn(village, number)
    respond(village, names[0], number, accepts=False)
    village.say(names[1], number, "upheld")
    for who in (None, "cid"):  # everybody, and a member who is not concerned
        record = published(village, found, who)
        text = orjson.dumps(record).decode()
        assert not [name for name in village.ids if f'"{name}"' in text], who
        assert {"eligible", "salt"}.isdisjoint(record)
        assert [each["state"] for each in record["asked"]][:2] == ["declined", "accepted"]
        verified = lot.verify(record)
        assert (verified.faults, verified.is_whole) == ((), False)
        assert lot.verify(record | {"beacon": "another"}).faults
    for who in ("bob", "eve", names[1]):  # who appealed, a steward, the panel
        whole = lot.verify(published(village, found, who))
        assert (whole.faults, whole.is_whole) == ((), True)
    entries = [each for each in told(village) if each["subject"].startswith("panel/")]
    assert {"drew", "declined a seat on", "gave a verdict on"} <= {each["verb"] for each in entries}
    root = next(each["facts"]["eligible_root"] for each in entries if each["verb"] == "drew")
    assert root == record["eligible_root"]
    text = orjson.dumps(entries).decode()
    assert not [name for name in village.ids if f'"{name}"' in text]


def test_where_enough_are_left_everybody_checks_who_was_asked(ground, clock):
    village = Village(ground, clock, [*EIGHT, "oda", "pia", "rut"], ["bob", "cid"])
    number = appealed(village)
    found, names = drawn(village, number)
    record = published(village, found)
    verified = lot.verify(record)
    assert (verified.faults, verified.is_whole) == ((), False)
    assert list(verified.names) == names
    assert "eligible" not in record
    first, second, *others = record["asked"]
    for bent in ([second, first, *others], [first | {"name": "zoe"}, second, *others], others):
        assert lot.verify(record | {"asked": bent}).faults
    assert lot.verify(record | {"eligible_root": "00" * 32}).faults
    whole = published(village, found, "eve")
    for each in whole["eligible"]:  # whoever is left out, or is put in, the list is another
        fewer = [other for other in whole["eligible"] if other != each]
        assert lot.verify(whole | {"eligible": fewer}).faults
    more = [*whole["eligible"], {"id": "900", "name": "zoe"}]
    assert lot.verify(whole | {"eligible": more}).faults


def test_nobody_guesses_from_digests_who_sits(village):
    number = appealed(village)
    drawn(village, number)
    state = {row: said for each in told(village) for row, said in each.get("state", {}).items()}
    with village.ground.read() as tx:
        rows = tx.connection.execute(sa.select(PanelSeat.__table__)).all()
    assert rows
    table = PanelSeat.__table__
    for row in rows:
        assert ledger.digest(table, row) == state[f"panel_seats/{row.id}"]
        guess = [None if name == "salt" else value for name, value in row._mapping.items()]
        assert ledger.digest(table, guess) != state[f"panel_seats/{row.id}"]


def test_the_seed_comes_from_a_checkpoint_after_the_window(village):
    number = appealed(village)
    village.tick(days=13)
    assert village.panel(number)[0].state == Sitting.WAITING
    found, _ = drawn(village, number)
    with village.ground.read() as tx:
        assert queries.checkpoint_since(tx, village.id, found.closes_at) == (
            found.checkpoint_size,
            found.checkpoint_root,
        )


def test_strings_are_given_while_the_window_is_open(village):
    number = appealed(village)
    with village.ground.write() as tx:
        found = queries.panel_of_case(tx, queries.row(tx, village.id, number))
        panels.commit_string(tx, village.actor("eve", tx), found, string="of eve")
        with pytest.raises(Denied):
            panels.commit_string(tx, village.actor("cid", tx), found, string="of cid")
    drawn(village, number)
    with village.ground.write() as tx:
        found = queries.panel_of_case(tx, queries.row(tx, village.id, number))
        assert found.decider_string == "of eve"
        with pytest.raises(Conflict):
            panels.commit_string(tx, village.actor("eve", tx), found, string="later")


def test_who_declines_is_followed_by_the_next_in_the_lot(village):
    number = appealed(village)
    found, names = drawn(village, number)
    respond(village, names[0], number, accepts=False)
    seats = [village.name(each.account_id) for each in village.panel(number)[1]]
    order = [each["name"] for each in found.drawn_from]
    assert seats == order[:6]
    with pytest.raises(Denied):
        village.say(names[0], number, "upheld")
    respond(village, names[1], number, accepts=True)
    with pytest.raises(Conflict, match="once"):
        respond(village, names[1], number, accepts=False)


def test_a_panel_may_vary_and_overturn(village):
    number = appealed(village)
    _, names = drawn(village, number)
    for name in names[:3]:
        village.say(name, number, "varied", rung="nudge")
    assert (village.case(number).outcome, village.case(number).rung) == ("varied", "nudge")
    again = village.sanctioned("cid", "warning", by="ada")
    village.act(enacting.appeal, "cid", again, words="No.")
    _, names = drawn(village, again)
    for name in names[:2]:
        village.say(name, again, "overturned")
    assert village.case(again).outcome == "overturned"
    with village.ground.read() as tx:
        assert queries.stands_on(tx, queries.row(tx, village.id, again)) == 0


def test_the_verdict_in_the_middle_is_the_panels(village):
    number = appealed(village)
    _, names = drawn(village, number)
    said = ["overturned", "overturned", "varied", "upheld", "upheld"]
    for name, verdict in zip(names, said, strict=True):
        village.say(name, number, verdict, rung="warning" if verdict == "varied" else "")
    assert (village.case(number).outcome, village.case(number).rung) == ("varied", "warning")


def test_a_panel_that_does_not_answer_is_replaced(village):
    number = appealed(village)
    first, _ = drawn(village, number)
    village.tick(days=10)
    village.tick()
    village.tick()
    second, _ = village.panel(number)
    assert second.id != first.id
    assert second.state == Sitting.SITTING


def test_an_appeal_comes_in_time_and_from_whom_it_concerns(village):
    number = village.sanctioned("bob", "warning", by="ada")
    with pytest.raises(Denied):
        village.act(enacting.appeal, "cid", number, words="For bob.")
    village.clock.advance(days=14)
    with pytest.raises(Denied) as late:
        village.act(enacting.appeal, "bob", number, words="No.")
    assert late.value.code == "AppealTooLate"


def test_last_panels_members_rest(village):
    first = appealed(village)
    _, names = drawn(village, first)
    for name in names:
        if village.case(first).outcome is None:
            village.say(name, first, "upheld")
        else:
            break
    sat = [village.name(each.account_id) for each in village.panel(first)[1] if each.verdict]
    again = village.sanctioned("cid", "warning", by="ada")
    village.act(enacting.appeal, "cid", again, words="No.")
    _, names = drawn(village, again)
    assert not set(names) & set(sat)


def test_expelling_is_decided_by_a_panel(village):
    village.clock.advance(days=90)
    number = village.report("ada", "account/bob")
    village.charge("ada", number, "malware")
    village.act(actions.refer, "ada", number, words="It is grave.")
    village.tick(days=3)
    _, seats = village.panel(number)
    for each in seats[:3]:
        village.say(village.name(each.account_id), number, "varied", rung="expel")
    assert village.case(number).rung == "expel"
    assert not may(village.actor("bob"), Act.DISCUSS, Subject(village.repo_owner(), is_public=True))


def referred(village):
    """A case without a ground, before a panel."""
    village.clock.advance(days=90)
    number = village.report("ada", "account/bob")
    village.charge("ada", number)
    village.act(actions.refer, "ada", number, words="It is grave.")
    village.tick(days=3)
    found, seats = village.panel(number)
    return number, found, [village.name(each.account_id) for each in seats]


def test_a_panel_climbs_no_faster_than_a_steward(village):
    number, _, names = referred(village)
    with pytest.raises(Denied, match="no more than one rung is skipped"):
        village.say(names[0], number, "varied", rung="expel")
    for name in names[:3]:
        village.say(name, number, "varied", rung="warning")
    assert village.case(number).rung == "warning"


def test_nobody_is_worse_off_for_having_appealed(village):
    number = appealed(village)
    _, names = drawn(village, number)
    for rung in ("suspend", "write"):
        with pytest.raises(Invalid, match="milder"):
            village.say(names[0], number, "varied", rung=rung)


# -- small groups --------------------------------------------------------------------------------


def test_of_four_who_may_sit_three_are_drawn(ground, clock):
    village = Village(ground, clock, EIGHT[:5], ["bob"])
    number = appealed(village)
    found, names = drawn(village, number)
    assert (found.form, found.size, len(names)) == (Form.LOT, 3, 3)
    assert "ada" not in names


def test_of_two_nobody_can_sit_and_the_commons_above_hears_it(ground, clock):
    village = Village(ground, clock, ["ada", "eve"], ["bob"])
    number = appealed(village)
    found, _ = drawn(village, number)
    with ground.read() as tx:
        above = len(queries.person_electors(tx, 1))
    expected = Form.ELECTORS if above else Form.VOTE
    assert found.form == expected


def test_one_owner_and_nobody_above_is_a_vote_and_a_tie_keeps_things(ground, clock):
    village = Village(ground, clock, ["ada"], ["bob"])
    number = appealed(village)
    found, names = drawn(village, number)
    assert (found.form, names) == (Form.VOTE, ["ada"])
    village.say("ada", number, "upheld")
    assert village.case(number).outcome == "upheld"


def test_what_nobody_hears_does_not_stand(ground, clock):
    village = Village(ground, clock, ["ada"], ["bob"])
    number = appealed(village)
    drawn(village, number)
    village.tick(days=10)
    assert village.case(number).outcome == "overturned"


def test_a_report_that_no_steward_may_deal_with_goes_to_a_panel(ground, clock):
    village = Village(ground, clock, ["ada"], ["bob"])
    number = village.report("bob", "account/ada")
    assert village.case(number).state == rules.State.REFERRED
    village.tick(days=3)
    found, _ = village.panel(number)
    assert found.form in (Form.ELECTORS, Form.VOTE)
    assert commons_queries.HUB_NAME


def below(ground, clock):
    """A commons of few, with a larger one above it."""
    village = Village(ground, clock, ["ada", "eve"], ["bob", *EIGHT[2:8]])
    with ground.write() as tx:
        members = dict.fromkeys(EIGHT[3:8], Role.ADMIN)
        founder = village.actor(EIGHT[2], tx)
        made = commons.found_organisation(tx, founder, name="above", members=members)
        digest = charters.version(tx, made.commons_id).digest
        text = presets.text("owners", "tales") + f"parent: above@sha256:{digest}\n"
        register.enter(tx, village.id, text, decision="founding")
        tx.record(village.id, "system:test", "founded", "charter/tales")
    clock.advance(days=90)
    return village


def test_of_a_case_the_commons_above_says_no_more_than_that_a_rule_was_not_followed(ground, clock):
    village = below(ground, clock)
    number, found, names = referred(village)
    assert panels.is_from_above(found)
    with pytest.raises(Denied, match="next rung follows") as refused:
        village.say(names[0], number, "varied", rung="warning")
    assert refused.value.code == "RulesOnly"
    for name in names[:3]:
        village.say(name, number, "varied", rung="nudge")
    assert village.case(number).rung == "nudge"


def test_the_commons_above_says_only_whether_the_rules_were_followed(ground, clock):
    village = below(ground, clock)
    number = appealed(village)
    found, names = drawn(village, number)
    assert found.form == Form.LOT
    assert panels.is_from_above(found)
    with pytest.raises(Denied, match="whether the rules were followed") as refused:
        village.say(names[0], number, "varied", "warning")
    assert refused.value.code == "RulesOnly"
    for name in names[:3]:
        village.say(name, number, "overturned")
    assert village.case(number).outcome == "overturned"
