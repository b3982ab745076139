"""What is used: measured once an hour and on demand, and read back from other machines."""

import json
import os

import pytest
from sqlalchemy import func, select, text
from tests.commons.pot.test_storage import give, made, send

from iriai.base.errors import Invalid
from iriai.base.events import Event
from iriai.blobs import receiving
from iriai.commons.enactment import pot as enacting
from iriai.commons.pot import limits, reports, usage
from iriai.commons.pot.jobs import measure
from iriai.commons.queries import named
from iriai.commons.tlog import replaying
from iriai.repos import egress

MEMBERS = ["ada", "bob", "Cyd.X"]
SACCT = """JobID|User|Account|ElapsedRaw|AllocTRES
1|ada|lab|3600|billing=8,cpu=8,gres/gpu=2,mem=64G,node=1
1.batch||lab|3600|cpu=8,gres/gpu=2,mem=64G,node=1
2|ada|lab|1800|cpu=4,gres/gpu=1,node=1
3|cyd-x|lab|60|cpu=1,node=1
4|eve|lab|60|cpu=1,node=1
5|bob|lab|0|
"""


def seen(town):
    with town.ground.read() as tx:
        return {(each.unit, each.holder): each.amount for each in usage.used(tx, town.commons_id)}


def test_storage_and_traffic_are_measured_of_each_repository_and_person(town):
    give(town, 10**9)
    actor, repo = made(town)
    send(town, actor, repo, 50_000)
    other = made(town, "copy", by="bob")[1]
    content = os.urandom(70_000)
    for each in (repo, other):
        place = town.ground.store.staging() / "sent"
        place.write_bytes(content)
        from hashlib import sha256

        receiving.receive_object(
            town.ground, each.id, sha256(content).hexdigest(), len(content), place
        )
    egress.note(town.ground, repo.id, 12_345)
    egress.of(town.ground).write()
    measure(town.ground, {})
    found = seen(town)
    packs = found["bytes_stored", "ada"] - 70_000
    assert 50_000 < packs < 55_000
    assert found["bytes_logical", "ada"] == 70_000 + packs
    assert found["bytes_logical", f"repo/{repo.id}"] == found["bytes_logical", "ada"]
    assert found["bytes_served", "ada"] == 12_345
    assert ("bytes_served", "bob") not in found


def test_slurms_accounting_is_read_in_whole_hours_without_steps():
    found = reports.read(SACCT, MEMBERS)
    assert found.amounts == {
        "gpu_hours": {"ada": 3},
        "cpu_hours": {"ada": 10, "Cyd.X": 1},
        "node_hours": {"ada": 2, "Cyd.X": 1},
    }
    assert found.unknown == ("eve",)


def test_elapsed_time_is_read_as_people_see_it_too():
    found = reports.read("User|Elapsed|AllocTRES\nada|1-02:00:00|gres/gpu=2\n", MEMBERS)
    assert found.amounts == {"gpu_hours": {"ada": 52}}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada 12",
        "{",
        '{"usage": 3}',
        '{"usage": {"ada": {"gpu_hours": -1}}}',
        '{"usage": {"ada": {"gpu_hours": true}}}',
        '{"usage": {"ada": {"bytes_logical": 3}}}',
        "User|ElapsedRaw|AllocTRES\nada|10\n",
        "User|Elapsed|AllocTRES\nada|soon|cpu=1\n",
        "Account|State\nlab|done\n",
    ],
)
def test_what_is_no_report_is_refused_in_words(text):
    with pytest.raises(Invalid):
        reports.read(text, MEMBERS)


def test_a_report_replaces_what_was_known_of_its_units_and_is_logged(town):
    give(town, 1_000, "gpu_hours")
    for amount in (5, 7):
        text = json.dumps({"commons": "lab", "usage": {"ada": {"gpu_hours": amount}, "zed": {}}})
        with town.ground.write() as tx:
            found = reports.read(text, ["ada", "bob"])
            enacting.report_usage(tx, named(tx, town.commons_id), found)
    assert seen(town) == {("gpu_hours", "ada"): 7}
    assert found.unknown == ("zed",)


def test_a_hand_on_what_was_reported_is_found_and_measuring_says_nothing(town):
    give(town, 1_000, "gpu_hours")
    made(town)
    amounts = {"gpu_hours": {"ada": 7, "bob": 2}}
    with town.ground.write() as tx:
        enacting.report_usage(tx, named(tx, town.commons_id), reports.Report("lab", amounts))

    def entries():
        with town.ground.read() as tx:
            return tx.connection.execute(select(func.count()).select_from(Event)).scalar_one()

    before = entries()
    measure(town.ground, {})
    assert entries() == before
    assert seen(town)["bytes_logical", "ada"] > 0
    assert replaying.replay(town.ground, town.commons_id).differences == []
    with town.ground.write() as tx:
        tx.connection.execute(text("UPDATE pot_usage SET amount=0 WHERE holder='ada'"))
    found = replaying.replay(town.ground, town.commons_id).differences
    assert [each.table for each in found] == ["pot_usage"]


def test_the_export_names_members_as_slurm_would_report_them():
    assert limits.label("Cyd.X") == "cyd-x"
