"""The operator's own hands: logged, told, and undone in time unless the commons ratifies it."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select
from tests.support.commons import Town

from iriai.base import cursors, events
from iriai.base.errors import Conflict, Denied, HubError, Invalid
from iriai.commons import enactment, jobs
from iriai.commons.breakglass import queries
from iriai.commons.breakglass.rules import Act, Basis, State
from iriai.commons.charter.rules import Action, Preset
from iriai.commons.enactment import registry
from iriai.commons.enactment.registry import Decision
from iriai.commons.tlog import queries as log
from iriai.commons.tlog import replaying
from iriai.identity import actions as accounts
from iriai.identity import queries as identity
from iriai.identity.rules import OPERATOR, Role
from iriai.notifications import jobs as notifying  # noqa: F401 - reads
from iriai.notifications.tables import NotificationRow
from iriai.repos import actions as repos
from iriai.repos.tables import RepoRow


@pytest.fixture
def lab(ground):
    """A commons of two with a model."""
    town = Town(ground).found("university", "ada", "bob")
    with ground.read() as tx:
        ada = identity.actor_named(tx, "ada")
    repos.create(ground, ada, kind="model", owner="lab", name="tiny")
    town.seat("ada", "steward")
    return town


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
    assert said["state"].keys() == {f"operator_acts/{number}"}


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
