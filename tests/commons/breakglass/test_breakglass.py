"""The operator's own hands: logged, told, and undone in time unless the commons ratifies it."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select
from tests.support.commons import Town
from tests.support.overlap import overlapping
from tests.support.prepared import Prepared

from iriai.api.commons import act_shape
from iriai.base import cursors, events
from iriai.base.errors import Conflict, Denied, HubError, Invalid
from iriai.commons import actions as founding
from iriai.commons import enactment, jobs
from iriai.commons.breakglass import queries
from iriai.commons.breakglass.rules import Act, Basis, State
from iriai.commons.cases import actions as case_actions
from iriai.commons.cases.rules import Bench, Level, Measure
from iriai.commons.cases.tables import CaseRow, SanctionRow
from iriai.commons.charter.rules import Action, Preset
from iriai.commons.enactment import cases, registry
from iriai.commons.enactment.registry import Decision
from iriai.commons.tlog import queries as log
from iriai.commons.tlog import replaying
from iriai.identity import actions as accounts
from iriai.identity import powers as people
from iriai.identity import queries as identity
from iriai.identity.rules import OPERATOR, Restriction, Role
from iriai.identity.tables import Membership
from iriai.notifications import jobs as notifying  # noqa: F401 - reads
from iriai.notifications.tables import NotificationRow
from iriai.repos import actions as repos
from iriai.repos.tables import RepoRow


def of_two(ground, _clock):
    """A commons of two with a model."""
    town = Town(ground).found("university", "ada", "bob")
    with ground.read() as tx:
        ada = identity.actor_named(tx, "ada")
    repos.create(ground, ada, kind="model", owner="lab", name="tiny")
    town.seat("ada", "steward")
    return town


LAB = Prepared(of_two)


@pytest.fixture
def lab(tmp_path, clock):
    with LAB.copied(tmp_path, clock) as made:
        yield made


def broken(town, act=Act.FREEZE, target="lab/tiny", **more):
    with town.ground.write() as tx:
        return enactment.operator.break_glass(
            tx, "lab", act, target, **({"reason": "It carries malware."} | more)
        ).id


def tiny(town):
    with town.ground.read() as tx:
        return tx.connection.execute(select(RepoRow.__table__).where(RepoRow.name == "tiny")).one()


def entries(town):
    events.seal(town.ground)
    with town.ground.read() as tx:
        return [json.loads(entry) for _, entry in log.entries(tx, town.commons_id)]


def act(town, number):
    with town.ground.read() as tx:
        return queries.act(tx, town.commons_id, number)


def test_what_the_operator_does_is_in_the_log_with_its_reason(lab):
    number = broken(lab)
    assert tiny(lab).frozen_reason == "It carries malware."
    said = next(each for each in entries(lab) if each["verb"] == "broke glass")
    assert said["actor"] == "operator"
    assert said["facts"]["reason"] == "It carries malware."
    assert said["facts"]["told"] == ["ada"]
    assert {f"operator_acts/{number}", f"repos/{tiny(lab).id}"} <= said["state"].keys()


def test_stewards_are_told(lab):
    broken(lab)
    events.seal(lab.ground)
    cursors.read_all(lab.ground)
    with lab.ground.read() as tx:
        row = tx.connection.execute(
            select(NotificationRow.person_id, NotificationRow.detail).where(
                NotificationRow.verb == "broke glass"
            )
        ).one()
    assert row == (lab.people["ada"].id, "It carries malware.")


@pytest.mark.parametrize("what", [Act.FREEZE, Act.HOLD, Act.DELIST])
def test_it_lapses_when_nobody_ratifies_it(lab, what):
    number = broken(lab, what)
    lab.ground.clock.advance(days=7, seconds=-1)
    jobs.tick(lab.ground, {})
    assert act(lab, number).state == State.STANDING
    lab.ground.clock.advance(seconds=1)
    jobs.tick(lab.ground, {})
    assert act(lab, number).state == State.LAPSED
    now = tiny(lab)
    assert (now.frozen_reason, now.held_reason, now.is_delisted) == (None, None, False)
    assert entries(lab)[-1]["verb"] == "lapsed"
    assert replaying.replay(lab.ground, lab.commons_id).differences == []


def test_what_is_ratified_stays(lab):
    number = broken(lab, Act.HOLD)
    with lab.ground.write() as tx:
        enactor = registry.enactor(Action.OPERATOR_RATIFY)
        clean = enactor.clean(tx, lab.commons_id, {"act": number})
        assert enactor.words(clean) == "Ratify what the operator did: hold repo/lab/tiny"
        decision = Decision(
            1, lab.commons_id, "lab", 1, Action.OPERATOR_RATIFY, clean, "actions", "c0ffee"
        )
        enactment.operator.ratify(tx, decision, clean)
    lab.ground.clock.advance(days=30)
    jobs.tick(lab.ground, {})
    assert act(lab, number).state == State.RATIFIED
    assert tiny(lab).held_reason == "It carries malware."
    assert tiny(lab).held_until is None


def test_the_operator_takes_it_back(lab):
    number = broken(lab)
    with lab.ground.write() as tx:
        enactment.operator.take_back(tx, "lab", number)
    assert tiny(lab).frozen_reason is None
    with pytest.raises(Conflict), lab.ground.write() as tx:
        enactment.operator.take_back(tx, "lab", number)


def test_a_suspension_ends_in_the_second_it_lapses(lab):
    broken(lab, Act.SUSPEND, "bob")
    with lab.ground.read() as tx:
        assert identity.actor_named(tx, "bob").restraints
    lab.ground.clock.advance(days=7)
    with lab.ground.read() as tx:
        assert not identity.actor_named(tx, "bob").restraints


def taken_back(town, number):
    with town.ground.write() as tx:
        enactment.operator.take_back(tx, "lab", number)


def decided(town, action, **payload):
    """Enacted by a steward at once, as members let them."""
    payload["repo_id"] = tiny(town).id
    made = town.propose("ada", action, payload=payload)
    town.tick(days=1)
    if town.see(made.number).state != "enacted":
        town.tick(days=15)
    assert town.see(made.number).state == "enacted"


def test_what_members_decided_meanwhile_outlasts_the_operators_act(lab):
    numbers = [broken(lab, each) for each in (Act.DELIST, Act.FREEZE)]
    decided(lab, "resource.delist", delisted=True)
    decided(lab, "resource.freeze", frozen=True, reason="It carries malware.")
    for number in numbers:
        taken_back(lab, number)
    assert (tiny(lab).is_delisted, tiny(lab).frozen_reason) == (True, "It carries malware.")


def test_what_members_ended_meanwhile_does_not_come_back(lab):
    decided(lab, "resource.delist", delisted=True)
    decided(lab, "resource.freeze", frozen=True, reason="We look at it.")
    numbers = [broken(lab, each) for each in (Act.DELIST, Act.FREEZE)]
    assert tiny(lab).frozen_reason == "It carries malware."
    decided(lab, "resource.freeze", frozen=False)
    taken_back(lab, numbers[1])
    assert tiny(lab).frozen_reason is None
    decided(lab, "resource.delist", delisted=False)
    lab.tick(days=7)
    assert act(lab, numbers[0]).state == State.LAPSED
    assert not tiny(lab).is_delisted


def test_of_two_acts_each_undoes_its_own(lab):
    first, second = broken(lab), broken(lab, reason="And a worm.")
    taken_back(lab, first)
    assert tiny(lab).frozen_reason == "And a worm."
    taken_back(lab, second)
    assert tiny(lab).frozen_reason is None
    assert replaying.replay(lab.ground, lab.commons_id).differences == []


def sanctioned(town, rung):
    """A case against bob that ends on this rung."""
    with town.ground.write() as tx:
        ada = town.person("ada")
        found = case_actions.report(
            tx, ada, subject="account/bob", words="?", commons_id=town.commons_id
        )
        case_actions.charge(
            tx, ada, found, rule="Be kind.", facts="It was not.", asked="Be.", ground="malware"
        )
        number = found.id
    town.ground.clock.advance(days=1)
    with town.ground.write() as tx:
        found = tx.session.get_one(CaseRow, number)
        assert cases.decide(tx, town.person("ada"), found, rung=rung, reasons="It was.")


def measured(town, measure):
    """A case about the model that ends with this measure; what ends that again."""
    with town.ground.write() as tx:
        found = case_actions.report(
            tx, town.person("ada"), subject="repo/lab/tiny", words="?", commons_id=town.commons_id
        )
        step = Level(measure, list(Measure).index(measure) + 1, None, Bench.PANEL)
        made = case_actions.sanction(tx, found, step, reasons="It must.", by="panel/1").id
        cases.settle_repo(tx, town.commons_id, tiny(town).id)

    def overturned():
        with town.ground.write() as tx:
            row = tx.session.get_one(SanctionRow, made)
            row.ended_at, row.ended_by = tx.now, "overturned"
            cases.settle_repo(tx, town.commons_id, tiny(town).id)
            tx.record(town.commons_id, "system:test", "overturned", "case/lab/1")

    return overturned


def ratified(town, number):
    with town.ground.write() as tx:
        enactor = registry.enactor(Action.OPERATOR_RATIFY)
        clean = enactor.clean(tx, town.commons_id, {"act": number})
        decision = Decision(
            1, town.commons_id, "lab", 1, Action.OPERATOR_RATIFY, clean, "actions", "c0ffee"
        )
        enactment.operator.ratify(tx, decision, clean)


@pytest.mark.parametrize("when", ["before", "meanwhile", "never"])
def test_a_hold_outlasts_a_case_that_removed_the_same_thing(lab, when):
    number = broken(lab, Act.HOLD)
    if when == "before":
        ratified(lab, number)
    overturned = measured(lab, Measure.TOMBSTONE)
    assert tiny(lab).held_is_gone
    if when == "meanwhile":
        ratified(lab, number)
    assert tiny(lab).held_is_gone
    overturned()
    now = tiny(lab)
    assert (now.held_reason, now.held_is_gone) == ("It carries malware.", False)
    assert now.held_until == (act(lab, number).lapses_at if when == "never" else None)
    lab.ground.clock.advance(days=8)
    jobs.tick(lab.ground, {})
    assert (tiny(lab).held_reason is None) is (when == "never")


def test_a_gate_that_members_decided_on_outlasts_a_cases_gate(lab):
    overturned = measured(lab, Measure.GATE)
    assert tiny(lab).gated == "manual"
    with lab.ground.write() as tx:
        enactor = registry.enactor(Action.RESOURCE_GATE)
        clean = enactor.clean(tx, lab.commons_id, {"repo": "lab/tiny", "gated": "manual"})
        decision = Decision(
            1, lab.commons_id, "lab", 1, Action.RESOURCE_GATE, clean, "actions", "c0ffee"
        )
        enactor.enact(tx, decision, clean)
    overturned()
    assert tiny(lab).gated == "manual"


def restraints(town, name="bob"):
    with town.ground.read() as tx:
        found = identity.actor_named(tx, name).restraints.values()
        return [(each.kind, "/cases/" in each.appeal_at) for each in found]


@pytest.mark.parametrize("ends", ["taken back", "lapsed"])
@pytest.mark.parametrize("first", ["case", "operator"])
def test_what_a_case_decided_outlasts_an_emergency(lab, first, ends):
    if first == "case":
        sanctioned(lab, "throttle")
    number = broken(lab, Act.SUSPEND, "bob")
    assert restraints(lab) == [(Restriction.SUSPEND, False)]
    if first == "operator":
        sanctioned(lab, "throttle")
        assert restraints(lab) == [(Restriction.SUSPEND, False)]
    if ends == "taken back":
        taken_back(lab, number)
    else:
        lab.ground.clock.moment = act(lab, number).lapses_at
        jobs.tick(lab.ground, {})
    assert restraints(lab) == [(Restriction.THROTTLE, True)]
    assert replaying.replay(lab.ground, lab.commons_id).differences == []


def test_an_emergency_shortens_no_suspension(lab):
    with lab.ground.write() as tx:
        bob, until = lab.person("bob").id, tx.now + timedelta(days=90)
        people.restrict(tx, bob, lab.account_id, Restriction.SUSPEND, until, appeal_at="there")
        tx.record(lab.commons_id, "system:test", "suspended", "account/bob")
    with pytest.raises(Conflict, match="suspended already"):
        broken(lab, Act.SUSPEND, "bob")
    lab.ground.clock.advance(days=85)
    number = broken(lab, Act.SUSPEND, "bob")
    taken_back(lab, number)
    with lab.ground.read() as tx:
        restraint = identity.actor_named(tx, "bob").restraints[lab.account_id]
    assert (restraint.until, restraint.appeal_at) == (until, "there")


def test_a_reason_is_always_given(lab):
    with pytest.raises(Invalid, match="Say why"):
        broken(lab, reason="  ")


def test_a_legal_order_stands_and_opens_its_reason_on_its_day(lab):
    until = lab.ground.clock() + timedelta(days=90)
    number = broken(
        lab, basis=Basis.LEGAL_ORDER, reason="Order 17 of the court.", sealed_until=until
    )
    assert "Order 17" not in json.dumps(entries(lab))
    assert tiny(lab).frozen_reason == "A legal order."
    lab.ground.clock.advance(days=89)
    jobs.tick(lab.ground, {})
    assert act(lab, number).state == State.STANDING
    assert "Order 17" not in json.dumps(entries(lab))
    lab.ground.clock.advance(days=1)
    jobs.tick(lab.ground, {})
    assert entries(lab)[-1]["verb"] == "unsealed"
    assert entries(lab)[-1]["facts"]["reason"] == "Order 17 of the court."
    assert act(lab, number).state == State.STANDING


def test_an_emergency_cannot_be_sealed(lab):
    with pytest.raises(Invalid, match="legal order"):
        broken(lab, sealed_until=lab.ground.clock() + timedelta(days=1))


def test_a_charter_may_forbid_it_but_not_the_law(lab):
    text = lab.preset("university")
    text = text.replace("break_glass: true", "break_glass: false")
    lab.charter(text)
    with pytest.raises(Denied, match="break_glass"):
        broken(lab)
    assert broken(lab, basis=Basis.LEGAL_ORDER)


def test_only_what_the_commons_holds_is_touched(lab):
    with pytest.raises(HubError):
        broken(lab, target="bob/other")


def test_where_the_members_decide_the_operator_gives_and_takes_no_role(lab):
    ground = lab.ground
    with ground.read() as tx:
        ada = identity.actor_named(tx, "ada")
    enactment.found(ground, ada, name="town", preset=Preset.LANGUAGE_COMMUNITY)
    for role in (Role.ADMIN, None):
        with ground.write() as tx, pytest.raises(Denied, match="break-glass town suspend"):
            accounts.set_role(tx, OPERATOR, organisation="town", person="ada", role=role)


def test_what_the_operator_did_is_public_but_a_sealed_reason(lab):
    day = lab.ground.clock() + timedelta(days=10)
    number = broken(lab, basis=Basis.LEGAL_ORDER, sealed_until=day)
    row = act(lab, number)
    assert queries.reason(row, day - timedelta(seconds=1)) is None
    assert queries.reason(row, day) == "It carries malware."
    other = act(lab, broken(lab, Act.DELIST))
    assert queries.reason(other, lab.ground.clock()) == "It carries malware."
    with lab.ground.read() as tx:
        assert queries.legal_orders(tx, lab.commons_id) == 1


@pytest.fixture
def left(ground):
    """An organisation under `owners` whose only administrator gave up their account."""
    town = Town(ground, name="club")
    town.person("ada")
    with ground.write() as tx:
        made = founding.found_organisation(tx, town.person("ada"), name="club")
        town.commons_id, town.account_id = made.commons_id, made.id
    town.role("ada", Role.ADMIN)
    for name in ("bob", "cleo"):
        town.person(name)
        with ground.write() as tx:
            accounts.set_role(tx, OPERATOR, organisation="club", person=name, role=Role.WRITE)
    with ground.write() as tx:
        account = identity.person(tx, "ada")
        tx.session.delete(tx.session.get_one(Membership, (account.id, made.id)))
        tx.record(town.commons_id, "system:test", "changed", "account/club")
    return town


def administer(town, name, **how):
    reason = "Ada is gone, and nobody can let anyone in."
    with town.ground.write() as tx:
        return enactment.operator.break_glass(
            tx, "club", Act.ADMINISTER, name, reason=reason, **how
        ).id


def role_of(town, name):
    with town.ground.read() as tx:
        return identity.actor_named(tx, name).roles.get(town.account_id)


def test_where_the_last_administrator_is_gone_the_operator_names_one_in_the_open(left):
    with left.ground.write() as tx, pytest.raises(Denied, match="break-glass club administer"):
        accounts.set_role(tx, OPERATOR, organisation="club", person="bob", role=Role.ADMIN)
    administer(left, "bob")
    assert role_of(left, "bob") is Role.ADMIN
    said = next(each for each in entries(left) if each["verb"] == "broke glass")
    assert said["facts"]["act"] == "administer"
    assert said["facts"]["told"] == ["bob", "cleo"]
    with pytest.raises(Conflict, match="has who administers it: bob"):
        administer(left, "cleo")
    left.ground.clock.advance(days=7)
    jobs.tick(left.ground, {})
    assert role_of(left, "bob") is Role.WRITE


def test_who_was_named_and_then_given_the_office_by_another_keeps_it(left):
    ground, number = left.ground, administer(left, "bob")
    with ground.write() as tx:
        bob = identity.actor_named(tx, "bob")
        accounts.set_role(tx, bob, organisation="club", person="bob", role=Role.ADMIN)
        accounts.set_role(tx, bob, organisation="club", person="cleo", role=Role.ADMIN)
    with ground.write() as tx:
        cleo = identity.actor_named(tx, "cleo")
        accounts.set_role(tx, cleo, organisation="club", person="bob", role=Role.ADMIN)
    ground.clock.advance(days=8)
    jobs.tick(ground, {})
    assert act(left, number).state == State.LAPSED
    assert role_of(left, "bob") is Role.ADMIN


def test_nobody_gives_the_office_to_themselves_for_good(left):
    administer(left, "bob")
    with left.ground.write() as tx:
        bob = identity.actor_named(tx, "bob")
        accounts.set_role(tx, bob, organisation="club", person="bob", role=Role.ADMIN)
        accounts.set_role(tx, OPERATOR, organisation="club", person="bob", role=Role.ADMIN)
    left.ground.clock.advance(days=7)
    assert role_of(left, "bob") is Role.WRITE  # in its second, before any clock strikes
    jobs.tick(left.ground, {})
    assert role_of(left, "bob") is Role.WRITE


def test_nobody_administers_for_ever_by_a_legal_order_which_is_given_anew_in_the_open(left):
    ground, order = left.ground, {"basis": Basis.LEGAL_ORDER}
    first = administer(left, "bob", **order)
    said = next(each for each in entries(left) if each["verb"] == "broke glass")
    assert said["facts"]["lapses_at"].startswith("2026-04-05")
    shown = act_shape(act(left, first), ground.clock())
    assert "undone on 5 April 2026" in shown["next"]
    assert "given anew" in shown["next"]
    ground.clock.advance(days=80)
    jobs.tick(ground, {})
    assert role_of(left, "bob") is Role.ADMIN
    with pytest.raises(Conflict, match="has who administers it: bob"):
        administer(left, "cleo", **order)
    second = administer(left, "bob", **order)
    assert act(left, first).state == State.TAKEN_BACK
    with ground.read() as tx:
        assert queries.legal_orders(tx, left.commons_id) == 2
    ground.clock.advance(days=89)
    jobs.tick(ground, {})
    assert role_of(left, "bob") is Role.ADMIN
    ground.clock.advance(days=1)
    assert role_of(left, "bob") is Role.WRITE  # in its second, before any clock strikes
    jobs.tick(ground, {})
    assert act(left, second).state == State.LAPSED
    assert role_of(left, "bob") is Role.WRITE


def test_who_was_named_does_not_ratify_it_alone(left):
    number = administer(left, "bob")
    left.role("bob", Role.ADMIN)
    left.role("cleo", Role.WRITE)
    alone = left.propose("bob", "operator.ratify", payload={"act": number})
    left.tick()
    assert left.see(alone.number).state == "enact_failed"
    assert "by bob alone" in left.see(alone.number).failure
    asked = left.propose("cleo", "operator.ratify", payload={"act": number})
    left.second("bob", asked.number)
    left.tick(days=8)
    assert left.see(asked.number).state == "enacted"
    assert role_of(left, "bob") is Role.ADMIN
    assert act(left, number).state == State.RATIFIED


def test_where_members_decide_nobody_is_named_administrator(lab):
    with lab.ground.write() as tx, pytest.raises(Denied, match="decide for themselves"):
        enactment.operator.break_glass(tx, "lab", Act.ADMINISTER, "bob", reason="They asked me to.")


def test_an_act_that_is_taken_back_twice_at_once_is_taken_back_once(any_ground):
    town = Town(any_ground).found("university", "ada", "bob")
    with any_ground.read() as tx:
        ada = identity.actor_named(tx, "ada")
    repos.create(any_ground, ada, kind="model", owner="lab", name="tiny")
    number = broken(town)

    def take_back(tx):
        enactment.operator.take_back(tx, "lab", number)

    assert isinstance(overlapping(any_ground, take_back, take_back), Conflict)
