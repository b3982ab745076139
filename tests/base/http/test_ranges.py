"""Ranges, against a plain reading of RFC 9110."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.http.ranges import RANGES_MAX, Asked, Multipart, Span, asked, matches, parse

ETAG = '"abc"'
sizes = st.integers(0, 1000)
numbers = st.integers(0, 1200)


@given(sizes, numbers, numbers)
def test_a_closed_range_reads_as_a_slice_does(size, first, length):
    last = first + length
    spans = parse(f"bytes={first}-{last}", size)
    whole = bytes(index % 256 for index in range(size))
    assert b"".join(whole[span.start : span.end] for span in spans) == whole[first : last + 1]


@given(sizes, numbers)
def test_an_open_range_reads_to_the_end(size, first):
    expected = (Span(first, size),) if first < size else ()
    assert parse(f"bytes={first}-", size) == expected


@given(sizes, numbers)
def test_a_suffix_reads_the_last_bytes(size, count):
    expected = (Span(max(0, size - count), size),) if size and count else ()
    assert parse(f"bytes=-{count}", size) == expected


@given(sizes, st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8))
def test_no_list_of_ranges_asks_for_more_than_the_whole(size, pairs):
    header = "bytes=" + ", ".join(f"{first}-{first + length}" for first, length in pairs)
    spans = parse(header, size)
    if spans is not None:
        assert all(0 <= span.start < span.end <= size for span in spans)
        assert len(spans) <= 1 or sum(span.length for span in spans) <= size


@given(st.text(max_size=40), sizes)
def test_no_header_whatever_breaks_the_parser(text, size):
    for header in (text, f"bytes={text}"):
        spans = parse(header, size)
        assert spans is None or all(0 <= span.start < span.end <= size for span in spans)


@pytest.mark.parametrize(
    "header",
    [
        *("", "bytes", "bytes=", "bytes=-", "items=0-1", "bytes=5-2", "bytes=a-b", "bytes=1-2-3"),
        *("bytes=0x1-2", "bytes=+1-2", "bytes=1-2;3-4", "bytes=" + "9" * 30 + "-", "bytes=²-"),
    ],
)
def test_a_header_that_makes_no_sense_is_ignored(header):
    assert parse(header, 100) is None


def test_a_list_keeps_its_order_and_drops_what_lies_outside():
    assert parse("bytes=50-59, 0-9 ,200-300,-5", 100) == (Span(50, 60), Span(0, 10), Span(95, 100))


def test_a_list_longer_than_anyone_needs_is_ignored():
    assert parse("bytes=" + ",".join("0-0" for _ in range(RANGES_MAX + 1)), 10**9) is None


def test_without_a_range_the_whole_is_asked():
    assert asked({}, 10, ETAG) == Asked(200, (Span(0, 10),))


def test_a_range_outside_is_not_satisfiable():
    assert asked({"range": "bytes=10-"}, 10, ETAG) == Asked(416, ())
    assert asked({"range": "bytes=0-0"}, 0, ETAG) == Asked(416, ())


@pytest.mark.parametrize("value", ['"other"', f"W/{ETAG}", "Mon, 23 Nov 2026 00:00:00 GMT", ""])
def test_if_range_with_another_name_asks_for_the_whole(value):
    assert asked({"range": "bytes=0-1", "if-range": value}, 10, ETAG).status == 200


def test_if_range_with_our_name_asks_for_the_range():
    assert asked({"range": "bytes=0-1", "if-range": ETAG}, 10, ETAG).status == 206


@pytest.mark.parametrize("value", [ETAG, f"W/{ETAG}", f'"x", {ETAG}', "*"])
def test_a_client_that_has_it_gets_not_modified(value):
    assert asked({"if-none-match": value, "range": "bytes=0-1"}, 10, ETAG) == Asked(304, ())
    assert not matches('"x", "y"', ETAG)


@given(st.lists(st.tuples(numbers, st.integers(1, 50)), min_size=1, max_size=5))
def test_the_frame_of_many_ranges_has_the_length_it_says(pairs):
    spans = tuple(Span(start, start + length) for start, length in pairs)
    frame = Multipart(spans, 5000, "text/plain", "edge")
    body = b"".join(frame.head(span) + b"x" * span.length for span in spans) + frame.end
    assert frame.length == len(body)
