"""The log of each commons, as a monitor reads it."""

from iriai.base import events, merkle
from iriai.identity.rules import Actor
from iriai.repos.rules import Visibility


def test_a_monitor_checks_every_entry_by_what_it_is_told_alone(doors):
    ada, _token = doors.person("ada")
    doors.repo(ada, "tiny")
    events.seal(doors.ground)
    told = doors.ask("GET", "/api/commons").json
    assert [each["name"] for each in told] == ["hub"]
    size, root = told[0]["checkpoint"]["size"], bytes.fromhex(told[0]["checkpoint"]["root"])
    assert size > 0
    for position in range(size):
        entry = doors.ask("GET", f"/api/commons/hub/log/{position}").json
        leaf = merkle.leaf_hash(entry["entry"].encode())
        assert leaf.hex() == entry["leaf"]
        proof = [bytes.fromhex(each) for each in entry["proof"]]
        assert merkle.verify_inclusion(leaf, position, size, proof, root)


def test_the_log_comes_a_page_at_a_time_newest_first(doors):
    ada, _token = doors.person("ada")
    doors.repo(ada, "tiny")
    events.seal(doors.ground)
    whole = doors.ask("GET", "/api/commons/hub/log").json
    positions = [each["position"] for each in whole["entries"]]
    assert positions == sorted(positions, reverse=True)
    first = doors.ask("GET", "/api/commons/hub/log?limit=2")
    assert [each["position"] for each in first.json["entries"]] == positions[:2]
    assert f"before={positions[1]}" in first.headers["link"]


def test_the_log_tells_nothing_of_a_private_repository_but_a_number(doors):
    ada, _token = doors.person("ada")
    assert isinstance(ada, Actor)
    doors.repo(ada, "hidden-thing", visibility=Visibility.PRIVATE)
    events.seal(doors.ground)
    told = doors.ask("GET", "/api/commons/hub/log")
    assert b"hidden-thing" not in told.body


def test_what_is_not_in_the_log_is_unknown(doors):
    assert doors.ask("GET", "/api/commons/none/log").status == 404
    assert doors.ask("GET", "/api/commons/hub/log/999999").status == 404
    assert doors.ask("GET", "/api/commons/hub/log?before=x").status == 400
