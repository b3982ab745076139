"""A log followed from its tiles alone, by what the specifications say and nothing of ours."""

import base64
import hashlib

from iriai.base.events import HUB
from iriai.commons.tlog import actions


def path_of(number, width):
    digits = f"{number:03}"
    while len(digits) % 3:
        digits = "0" + digits
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([*("x" + each for each in groups[:-1]), groups[-1]])
    return path if width == 256 else f"{path}.p/{width}"


def root_of(hashes):
    """RFC 9162, 2.1.1, over leaf hashes."""
    if len(hashes) == 1:
        return hashes[0]
    left = 1
    while left * 2 < len(hashes):
        left *= 2
    joined = b"\x01" + root_of(hashes[:left]) + root_of(hashes[left:])
    return hashlib.sha256(joined).digest()


def grown(doors, count):
    for number in range(count):
        with doors.ground.write() as tx:
            tx.record(HUB, "ada", "created", f"repo/ada/{number}")
    return actions.checkpoint(doors.ground, HUB)


def tiles(size):
    for number in range(-(-size // 256)):
        yield number, min(256, size - number * 256)


def test_a_monitor_rebuilds_the_signed_root_from_tiles(doors):
    grown(doors, 600)
    below = "/api/commons/hub/log"
    answer = doors.ask("GET", f"{below}/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    origin, size, root = answer.body.decode().split("\n")[:3]
    size = int(size)
    assert origin.endswith(below)
    hashes, entries = [], []
    for number, width in tiles(size):
        found = doors.ask("GET", f"{below}/tile/0/{path_of(number, width)}")
        assert found.headers["content-type"] == "application/octet-stream"
        assert "immutable" in found.headers["cache-control"]
        hashes += [found.body[at : at + 32] for at in range(0, len(found.body), 32)]
        body = doors.ask("GET", f"{below}/tile/entries/{path_of(number, width)}").body
        while body:
            length = int.from_bytes(body[:2], "big")
            entries.append(body[2 : 2 + length])
            body = body[2 + length :]
    assert len(hashes) == len(entries) == size
    assert [hashlib.sha256(b"\x00" + each).digest() for each in entries] == hashes
    assert root_of(hashes) == base64.b64decode(root)
    above = doors.ask("GET", f"{below}/tile/1/{path_of(0, size // 256)}").body
    assert above == b"".join(
        root_of(hashes[at : at + 256]) for at in range(0, size // 256 * 256, 256)
    )


def test_a_tile_beyond_the_log_is_not_there(doors):
    grown(doors, 3)
    for path in ("0/000", "0/001", "1/000.p/1", "entries/000", "6/000.p/1", "9/000"):
        assert doors.ask("GET", f"/api/commons/hub/log/tile/{path}").status == 404, path
    assert doors.ask("GET", "/api/commons/hub/log/tile/0/0").status == 400
    assert doors.ask("GET", "/api/commons/hub/log/tile/0/000.p/3").status == 200


def test_nothing_signed_yet_is_said(doors):
    assert doors.ask("GET", "/api/commons/hub/log/checkpoint").status == 404


def test_two_sizes_of_the_log_are_proven_to_be_one(doors):
    from iriai.base import merkle

    first, second = grown(doors, 5), grown(doors, 20)
    told = doors.ask(
        "GET", f"/api/commons/hub/log/consistency?first={first.size}&second={second.size}"
    ).json
    assert told["first"]["root"] == first.root.hex()
    proof = [bytes.fromhex(each) for each in told["proof"]]
    assert merkle.verify_consistency(first.size, second.size, proof, first.root, second.root)
    for bad in ("first=0&second=5", "first=6&second=5", "first=1&second=1000"):
        assert doors.ask("GET", f"/api/commons/hub/log/consistency?{bad}").status == 400


def test_an_entry_is_proven_against_an_earlier_checkpoint(doors):
    from iriai.base import merkle

    first = grown(doors, 5)
    grown(doors, 20)
    told = doors.ask("GET", f"/api/commons/hub/log/2?size={first.size}").json
    assert told["checkpoint"]["root"] == first.root.hex()
    proof = [bytes.fromhex(each) for each in told["proof"]]
    assert merkle.verify_inclusion(bytes.fromhex(told["leaf"]), 2, first.size, proof, first.root)


def test_keys_checkpoints_and_the_whole_log_can_be_taken_home(doors):
    signed = grown(doors, 5)
    assert doors.ask("GET", "/api/commons/hub/log/keys").json[0]["key"].count("+") >= 2
    listed = doors.ask("GET", "/api/commons/hub/log/checkpoints").json
    assert [each["note"] for each in listed] == [signed.note]
    told = doors.ask("GET", f"/api/commons/hub/log/checkpoint/{signed.size}")
    assert told.body.decode() == signed.note
    lines = doors.ask("GET", "/api/commons/hub/log/entries.jsonl").body.splitlines()
    leaves = [hashlib.sha256(b"\x00" + each).digest() for each in lines]
    assert len(leaves) == signed.size
    assert root_of(leaves) == signed.root
    state = doors.ask("GET", "/api/commons/hub/log/state").json
    assert len(state["digest"]) == 64
