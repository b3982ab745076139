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


def asking(*lines, delimiter=True):
    first, rest = lines[0], lines[1:]
    middle = packets.DELIMITER if delimiter else b""
    body = packets.packet(first) + middle + b"".join(packets.packet(each) for each in rest)
    return packets.command(body + packets.FLUSH)


REFS = [
    ("refs/heads/main", "1" * 40, "1" * 40),
    ("refs/heads/a", "2" * 40, "2" * 40),
    ("refs/tags/v1", "3" * 40, "1" * 40),
]
MAIN = "refs/heads/main"


def test_the_refs_are_listed_as_git_lists_them():
    asked = asking(b"command=ls-refs\n", b"peel\n", b"symrefs\n")
    listed = packets.listed(asked, REFS, MAIN)
    assert listed == b"".join(
        [
            packets.packet(f"{'1' * 40} HEAD symref-target:refs/heads/main\n".encode()),
            packets.packet(f"{'2' * 40} refs/heads/a\n".encode()),
            packets.packet(f"{'1' * 40} refs/heads/main\n".encode()),
            packets.packet(f"{'3' * 40} refs/tags/v1 peeled:{'1' * 40}\n".encode()),
            packets.FLUSH,
        ]
    )


def test_only_refs_of_the_asked_beginnings_are_listed():
    asked = asking(b"command=ls-refs", b"ref-prefix refs/tags/", b"ref-prefix HE")
    listed = packets.listed(asked, REFS, MAIN)
    assert listed.count(b"\n") == 2
    assert b" HEAD\n" in listed
    assert b"refs/tags/v1\n" in listed


def test_an_empty_repository_names_the_branch_that_is_to_be():
    asked = asking(b"command=ls-refs", b"unborn", b"symrefs")
    assert b"unborn HEAD symref-target:refs/heads/main" in packets.listed(asked, [], MAIN)
    assert packets.listed(asking(b"command=ls-refs", b"symrefs"), [], MAIN) == packets.FLUSH


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"0000",
        b"0010want x\n",
        packets.packet(b"command=ls-refs") + b"0001" + packets.packet(b"peel"),
        packets.packet(b"command=ls-refs") + b"0001",
    ],
)
def test_what_is_no_whole_command_is_left_to_git(body):
    asked = packets.command(body[:-2])
    assert asked is None or asked.name == "ls-refs"
    assert packets.command(packets.packet(b"want x") + packets.FLUSH) is None


def test_what_we_do_not_know_of_listing_is_left_to_git():
    assert packets.listed(asking(b"command=ls-refs", b"novelty"), REFS, MAIN) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_a_command_or_not(body):
    try:
        packets.command(body)
    except Invalid:
        return
