"""An export asked for from a page: made by a job, fetched by a signed link, gone after a week."""

import html
import io
import re
import tarfile
from datetime import timedelta

import pytest
from tests.support import passwords, schema
from tests.support.commons import Town
from tests.web.conftest import Visitor

from iriai.base import jobs
from iriai.base.errors import Denied
from iriai.base.opening import open_ground
from iriai.commons.exit import asking, importing, judging
from iriai.settings import Settings
from iriai.worker import kinds

cheap_passwords = passwords.cheap_passwords


@pytest.fixture
def hall(tmp_path, clock):
    kinds.import_all()
    ground = open_ground(
        Settings(data=schema.newest_sqlite(tmp_path / "data"), sign_up="open"), now=clock
    )
    yield Town(ground)
    ground.engine.dispose()


def test_a_member_has_it_made_and_fetches_it_by_its_link_for_a_week(hall, tmp_path):
    ground = hall.ground
    ada = Visitor(ground).join("ada")
    ada.send("/organizations/new", name="lab", fullname="")
    assert "large commons take minutes" in ada.see("/commons/lab/export").text
    ada.send("/commons/lab/export")
    ada.send("/commons/lab/export")
    assert "Being made" in ada.see("/commons/lab/export").text
    jobs.run_due(ground)
    found = re.findall(
        r'href="(/api/commons/lab/exports/[^"]+)"', ada.see("/commons/lab/export").text
    )
    assert len(found) == 1
    link = html.unescape(found[0])
    bob = ada.other()
    tar = bob.client.get(link)
    assert tar.status_code == 200
    assert tar.headers["content-disposition"].startswith('attachment; filename="lab-')
    part = bob.client.get(link, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, tar.content[100:200])
    folder = tmp_path / "taken"
    with tarfile.open(fileobj=io.BytesIO(tar.content)) as opened:
        opened.extractall(folder, filter="data")
    judging.require_sound(folder, judging.opened(folder))
    elsewhere = schema.newest_sqlite(tmp_path / "elsewhere")
    other = open_ground(Settings(data=elsewhere), now=ground.clock)
    assert importing.bring(other, folder, lambda *_: None, joined=False).name == "lab"
    other.engine.dispose()
    assert bob.client.get(link.replace("s=", "s=0")).status_code == 403
    ground.clock.advance(days=7)
    assert bob.client.get(link).status_code == 403
    assert asking.sweep(ground) == 1
    assert list(ground.store.entries("exports/")) == []


def test_visitors_have_no_export_made_and_are_told_what_they_can_do(hall):
    hall.found("university", "ada", "bob")
    cid = hall.person("cid")
    with pytest.raises(Denied, match="log read, by anybody"), hall.ground.write() as tx:
        asking.ask(tx, cid, hall.commons_id)
    visitor = Visitor(hall.ground)
    assert "Sign in to export" in visitor.see("/commons/lab/export").text
    assert visitor.client.get("/api/commons/lab/exports").status_code == 401


def test_who_asks_again_within_the_hour_gets_the_same_one(hall):
    hall.found("university", "ada", "bob")
    numbers = []
    for wait in (timedelta(), timedelta(minutes=59), timedelta(minutes=1)):
        hall.ground.clock.advance(seconds=wait.total_seconds())
        with hall.ground.write() as tx:
            numbers.append(asking.ask(tx, hall.person("bob"), hall.commons_id).id)
        jobs.run_due(hall.ground)
    assert numbers[0] == numbers[1] != numbers[2]
