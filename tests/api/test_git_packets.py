"""Git's wire, from both ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.api.git import packets
from iriai.base.errors import Excessive, Invalid
from iriai.repos.git.quarantine import Update

OLD, NEW = "1" * 40, "2" * 40


@given(st.binary(max_size=3_000))
def test_a_packet_says_its_own_length(data):
    made = packets.packet(data)
    assert packets.length_of(made[:4]) == len(made) == len(data) + 4


@given(st.binary(min_size=4, max_size=4))
def test_four_bytes_are_a_length_or_a_refusal(head):
    try:
        length = packets.length_of(head)
    except Invalid:
        return
    assert length == 0 or 4 <= length <= packets.PACKET_BYTES_MAX


def test_a_push_is_read_with_its_capabilities():
    order = packets.order(
        [
            b"shallow " + b"3" * 40,
            f"{OLD} {NEW} refs/heads/main\0 report-status atomic agent=git/2".encode(),
            f"{packets.NO_SHA} {NEW} refs/heads/søk\n".encode(),
        ]
    )
    assert order.updates == (
        Update("refs/heads/main", OLD, NEW),
        Update("refs/heads/søk", None, NEW),
    )
    assert {"report-status", "atomic"} <= order.capabilities
    assert order.brings_objects


def test_a_push_that_only_deletes_brings_no_objects():
    order = packets.order([f"{OLD} {packets.NO_SHA} refs/heads/old\0delete-refs".encode()])
    assert not order.brings_objects


@pytest.mark.parametrize(
    "lines",
    [
        [b"hello"],
        [f"{OLD} {NEW}".encode()],
        [f"{OLD} {NEW[:-1]} refs/heads/x".encode()],
        [f"{OLD.upper()} {'A' * 40} refs/heads/x".encode()],
        [f"{OLD} {NEW} refs/heads/a b".encode()],
        [f"{OLD} {NEW} refs/heads/".encode() + b"\xff"],
        [f"{OLD} {NEW} refs/heads/x\0".encode(), f"{OLD} {NEW} refs/heads/x".encode()],
        [f"{OLD} {NEW} refs/heads/{'x' * 2_000}".encode()],
        [b"push-cert\0x"],
    ],
)
def test_what_is_no_order_is_refused(lines):
    with pytest.raises(Invalid):
        packets.order(lines)


def test_a_push_of_thousands_of_refs_is_refused():
    lines = [f"{OLD} {NEW} refs/heads/{n}".encode() for n in range(packets.COMMANDS_MAX + 1)]
    with pytest.raises(Excessive):
        packets.order(lines)


def test_an_empty_repository_still_advertises_what_it_can_do():
    body = packets.advertisement("git-receive-pack", [], "atomic")
    assert body == (
        b"001f# service=git-receive-pack\n0000"
        + packets.packet(f"{packets.NO_SHA} capabilities^{{}}\0atomic\n".encode())
        + b"0000"
    )


def test_a_report_keeps_each_reason_on_its_line():
    report = packets.report(None, [("refs/heads/a", None), ("refs/heads/b", "No.\nReally\r\nno.")])
    assert report == (
        packets.packet(b"unpack ok\n")
        + packets.packet(b"ok refs/heads/a\n")
        + packets.packet(b"ng refs/heads/b No. Really no.\n")
        + b"0000"
    )


@given(st.binary(min_size=1, max_size=200_000))
def test_a_side_band_carries_everything_in_packets_that_fit(data):
    carried = list(packets.banded(1, data))
    assert all(len(each) <= packets.PACKET_BYTES_MAX for each in carried)
    assert b"".join(each[5:] for each in carried) == data
