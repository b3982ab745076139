"""`serve` and `work`: ready soon, one at a time, beside the other commands, gone when told."""

import json
import re
import signal
import time
import urllib.request

import httpx
import pytest
from tests.support import processes
from tests.support.server import LiveHub

READY_SECONDS = 120.0  # 1.5 where nothing else runs; this only says that it does not hang


@pytest.fixture
def hub(tmp_path):
    made = LiveHub(tmp_path)
    yield made
    made.stop()


def whoami(hub: LiveHub, token: str) -> dict[str, object]:
    asked = urllib.request.Request(
        f"{hub.url}/api/whoami-v2", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(asked, timeout=READY_SECONDS) as answer:
        return json.load(answer)


def test_a_first_start_prints_a_link_that_works_once(hub):
    hub.is_cold = True
    began = time.monotonic()
    hub.start()
    assert time.monotonic() - began < READY_SECONDS
    said = hub.log.read_text()
    assert f"is ready at {hub.url}" in said
    [link] = re.findall(rf"{hub.url}/welcome/\S+", said)
    with urllib.request.urlopen(link, timeout=READY_SECONDS) as page:
        assert page.status == 200
        assert "password" in page.read().decode()
    hub.stop()
    hub.start()
    links = re.findall(rf"{hub.url}/welcome/\S+", hub.log.read_text())
    assert len(set(links)) == 2
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(link, timeout=READY_SECONDS)


def test_no_link_is_printed_once_somebody_has_an_account(hub):
    hub.run("user", "add", "ada")
    hub.start()
    assert "/welcome/" not in hub.log.read_text()


def test_commands_work_beside_a_running_hub(hub):
    hub.start()
    token = hub.person("ada")
    hub.run("org", "add", "lab", "--member", "ada:admin")
    answer = whoami(hub, token)
    assert answer["name"] == "ada"
    assert [each["name"] for each in answer["orgs"]] == ["lab"]


def test_a_second_server_on_the_same_folder_is_refused(hub, tmp_path):
    hub.start()
    other = LiveHub(tmp_path, settings=dict(hub.settings))
    with pytest.raises(AssertionError, match=r"Another `iriai serve` \(process \d+\)"):
        other.run("serve")


def test_a_port_that_is_taken_is_said_to_be(hub, tmp_path):
    hub.start()
    other = LiveHub(tmp_path / "other", port=hub.port)
    with pytest.raises(AssertionError, match=r"address already in use\. Choose another"):
        other.run("serve")


def test_a_hub_that_was_killed_leaves_no_lock(hub):
    hub.start()
    hub.kill()
    hub.start()
    assert hub.answers()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_hub_ends_well_when_told_to(hub, how):
    hub.start()
    assert hub.process is not None
    hub.process.send_signal(how)
    assert hub.process.wait(timeout=READY_SECONDS) == 0
    assert "Traceback" not in hub.log.read_text()


def test_who_follows_a_bucket_is_told_to_come_back_when_the_hub_ends(hub):
    hub.start()
    head = {"Authorization": f"Bearer {hub.person('ada')}"}
    httpx.post(f"{hub.url}/api/buckets/ada/kept", json={}, headers=head).raise_for_status()
    with httpx.stream("GET", f"{hub.url}/api/buckets/ada/kept/events", headers=head) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: ready"
        hub.process.terminate()
        assert "event: reconnect" in list(lines)
    assert hub.process.wait(timeout=READY_SECONDS) == 0


def test_a_worker_by_itself_seals_what_a_hub_without_one_records(hub, tmp_path):
    import sqlite3

    hub.flags = ("--no-worker",)
    hub.start()
    hub.run("user", "add", "ada")
    worker = hub.begin("work", log=tmp_path / "work.log")

    def sealed() -> bool:
        with sqlite3.connect(tmp_path / "data" / "iriai.db") as connection:
            row = connection.execute("SELECT max(position) FROM events").fetchone()
        connection.close()
        return row[0] is not None

    try:
        processes.wait_until(sealed, worker, log=tmp_path / "work.log", seconds=READY_SECONDS)
    finally:
        processes.stop(worker, signal.SIGTERM)
    assert worker.returncode == 0


def test_what_a_hub_keeps_is_for_its_operator_alone(hub, tmp_path):
    hub.start()
    kept = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
    assert [path for path in kept if path.stat().st_mode & 0o077] == []
