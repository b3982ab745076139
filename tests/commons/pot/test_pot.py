"""The pot: declared, allotted and taken back by decisions alone."""

from fractions import Fraction

import pytest

from iriai.base.errors import Excessive, Invalid
from iriai.commons.charter.rules import Action, Pool
from iriai.commons.pot import limits, powers, queries, rules
from iriai.commons.pot.rules import Source, State
from iriai.commons.proposals.rules import State as Step

CITED = {"decision": "lab/1"}


def given(town, unit="gpu_hours", amount=1_000):
    with town.ground.write() as tx:
        powers.declare(
            tx,
            "system:test",
            town.commons_id,
            "lab",
            unit=unit,
            by="ETH",
            amount=amount,
            cited=CITED,
        )


def seen(town):
    with town.ground.read() as tx:
        return queries.pot(tx, town.commons_id)


def enacted(town, action, payload):
    """Proposed, seconded, unopposed, and its time gone by."""
    number = town.propose("ada", action, payload=payload).number
    town.second("bob", number)
    town.tick(days=40)
    return number


def test_the_pot_is_cut_as_the_charter_says(town):
    given(town)
    (cut,) = seen(town).slices
    assert (cut.capacity, cut.members, cut.floor_each) == (1_000, 3, 166)
    assert cut.floor_each * 3 + cut.queue + cut.round == 1_000
    assert cut.free == cut.queue + cut.round


def test_a_small_allotment_is_granted_lazily_and_taken_back_by_decision(town):
    given(town)
    payload = {"name": "bob", "unit": "gpu_hours", "amount": "20", "project": "Yoruba speech"}
    number = enacted(town, "pool.allot.small", payload)
    assert town.see(number).state is Step.ENACTED
    found = seen(town)
    assert found.limits() == {
        "ada": {"gpu_hours": 166},
        "bob": {"gpu_hours": 186},
        "cyd": {"gpu_hours": 166},
    }
    cut = found.slices[0]
    assert cut.queue - cut.queue_free == 20
    with town.ground.write() as tx:
        powers.reclaim(
            tx, "system:test", town.commons_id, "lab", allotment_id=1, cited={"decision": "lab/2"}
        )
    found = seen(town)
    assert found.slices[0].queue_free == cut.queue
    assert found.allotments[0].state is State.RECLAIMED


def test_what_is_too_large_for_one_is_for_a_round(town):
    given(town)
    payload = {"name": "bob", "unit": "gpu_hours", "amount": "36", "project": "Yoruba speech"}
    with pytest.raises(Excessive, match="decided in a round"):
        town.propose("ada", "pool.allot.small", payload=payload)


def test_the_pot_is_for_members(town):
    given(town)
    town.person("eve")
    payload = {"name": "eve", "unit": "gpu_hours", "amount": "3", "project": "x"}
    with pytest.raises(Invalid, match="no member"):
        town.propose("ada", "pool.allot.small", payload=payload)


def test_a_round_grants_what_equal_shares_buys_and_nothing_else(town):
    given(town, amount=2_000)
    budget = seen(town).slices[0].round_free
    assert budget == 200
    lines = "ada; 120; corpus\nbob; 120; tagger\ncyd; 80; lexicon"
    payload = {"unit": "gpu_hours", "projects": lines}
    number = town.propose("ada", Action.POOL_ALLOT_ROUND, payload=payload).number
    town.second("bob", number)
    for _ in range(4):
        if town.see(number).state is Step.VOTING:
            break
        town.tick(days=7)
    assert town.see(number).state is Step.VOTING
    town.vote("ada", number, 1, 0, 0)
    town.vote("bob", number, 1, 1, 0)
    town.vote("cyd", number, 0, 0, 1)
    town.tick(days=20)
    town.tick()
    assert town.see(number).state is Step.ENACTED
    found = seen(town)
    assert {each.project for each in found.allotments} == {"corpus", "lexicon"}
    assert {each.source for each in found.allotments} == {Source.ROUND}
    assert found.slices[0].round_free == budget - 200


def test_a_gift_is_taken_back_by_declaring_nothing(town):
    given(town)
    given(town, amount=0)
    assert seen(town).slices[0].capacity == 0


@pytest.mark.parametrize("members", [0, 1, 2, 3, 4])
def test_of_every_unit_all_is_somewhere_for_any_number_of_members(members):
    for capacity in (0, 1, 7, 1_000_003):
        pool = rules.Pool("gpu_hours", (rules.Gift("x", capacity),))
        cut = rules.slices(Pool(), pool, [], members)
        assert cut.floor_each * members + cut.queue + cut.round == capacity


@pytest.mark.parametrize(
    ("amounts", "gini"),
    [([], 0), ([0, 0], 0), ([5, 5, 5], 0), ([0, 0, 9], Fraction(2, 3)), ([1, 3], Fraction(1, 4))],
)
def test_how_evenly_something_is_used(amounts, gini):
    assert rules.gini(amounts) == gini


def test_limits_are_written_for_schedulers_and_names_cannot_add_commands():
    made = {"ada; rm -rf": {"gpu_hours": 10, "bytes_stored": 500}}
    slurm = limits.written("slurm", "lab", made)
    assert "set GrpTRESMins=gres/gpu=600" in slurm
    assert ";" not in slurm
    assert '"requests.storage": "500"' in limits.written("kubernetes", "lab", made)
    with pytest.raises(Invalid):
        limits.written("cobol", "lab", made)
