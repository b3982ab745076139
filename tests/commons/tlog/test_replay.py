"""A14: the log alone rebuilds the state; a hand in the database is found and its table named."""

import random
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text
from tests.commons.tlog.operations import Life
from tests.conftest import LONG

from iriai.base.events import HUB
from iriai.cli.main import iriai
from iriai.commons import queries
from iriai.commons.breakglass.tables import OperatorAct
from iriai.commons.tlog import actions, replaying
from iriai.commons.tlog.tables import LogKey

OPERATIONS = 10_000 if LONG else 300


def operate(ground, dice):
    """One legal operation on what a commons governs."""
    with ground.write() as tx:
        known = list(tx.connection.execute(select(OperatorAct.id)).scalars())
        what = dice.choice(["do", "do", "lapse", "ratify", "forget", "key"])
        if what == "key":
            actions.rotate(tx, HUB, by="operator")
        elif what == "do" or not known:
            for _ in range(dice.randint(1, 3)):
                tx.session.add(
                    OperatorAct(
                        commons_id=HUB,
                        act="freeze",
                        subject=f"repo/ada/{dice.random()}",
                        basis="emergency",
                        reason="why",
                        undo={"frozen": dice.random()},
                        state="standing",
                        done_at=tx.now,
                        lapses_at=tx.now + timedelta(days=7),
                    )
                )
            tx.record(HUB, "ops", "froze", "repo/ada")
        else:
            row = tx.session.get_one(OperatorAct, dice.choice(known))
            if what == "forget":
                tx.session.delete(row)
            else:
                row.state, row.closed_at = what, tx.now
            tx.record(HUB, "ops", what, row.subject)


@pytest.mark.timeout(1_200 if LONG else 300)
def test_after_random_legal_operations_the_log_says_what_there_is(any_ground):
    dice, life = random.Random(14), Life(any_ground)
    ways = sorted(life.ways())
    for number in range(OPERATIONS):
        if number % 2:
            life.do(dice.choice(ways), dice)
        else:
            operate(any_ground, dice)
        if number % 100 == 0:
            actions.checkpoint(any_ground, HUB)
            life.create(dice.choice(["ada", "lab"]))
    with any_ground.read() as tx:
        every = [each.id for each in queries.all_commons(tx)]
    assert len(every) > 3
    for commons_id in every:
        assert replaying.replay(any_ground, commons_id).differences == []
    assert len(replaying.replay(any_ground, HUB).found) > 10
    with any_ground.write() as tx:
        tx.connection.execute(
            text(
                "UPDATE operator_acts SET subject='x' WHERE id=(SELECT max(id) FROM operator_acts)"
            )
        )
    found = replaying.replay(any_ground, HUB).differences
    assert [each.table for each in found] == ["operator_acts"]


def test_the_command_names_table_and_row(ground):
    dice = random.Random(3)
    for _ in range(20):
        operate(ground, dice)
    words = ["commons", "log", "replay", "hub", "--data", str(ground.settings.data)]
    told = CliRunner().invoke(iriai, words)
    assert told.exit_code == 0, told.output
    assert "the database is what the log says" in told.output
    with ground.write() as tx:
        row = tx.connection.execute(select(LogKey.id).limit(1)).scalar_one()
        tx.connection.execute(text(f"UPDATE log_keys SET origin='mine' WHERE id={row}"))
    told = CliRunner().invoke(iriai, words)
    assert told.exit_code == 1
    assert f"The row {row} of log_keys was changed past the log." in told.output
