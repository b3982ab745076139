"""How one file is shown."""

import html
import json
import re
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.errors import Invalid
from iriai.web import viewing


def read_from(data: bytes):
    return lambda start, end: data[start:end]


def plain(line: str) -> str:
    return html.unescape(re.sub(r"<span class=\"\w+\">|</span>", "", str(line)))


def test_text_is_coloured_and_says_exactly_what_the_file_says():
    source = 'def f(a: int) -> str:\n    """Say < & >."""\n    return f"{a}"\n'
    view = viewing.text("a.py", source.encode(), oid="1", first=1)
    assert [plain(line) for line in view.text] == source.splitlines()
    assert '<span class="k">def</span>' in view.text[0]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")))
def test_no_text_of_a_file_becomes_markup(text):
    view = viewing.text("a.txt", text.encode(), oid="1", first=1)
    for line in view.text:
        assert "<" not in str(line)


def test_a_script_in_a_coloured_file_stays_text():
    view = viewing.text("a.html", b"<script>alert(1)</script>\n", oid="2", first=1)
    assert "<script" not in str(view.text[0])
    assert plain(view.text[0]) == "<script>alert(1)</script>"


def test_a_long_file_comes_a_page_of_lines_at_a_time():
    data = "".join(f"line {n}\n" for n in range(1, 2_501)).encode()
    first = viewing.text("a.txt", data, oid="3", first=1)
    assert (first.lines, len(first.text), first.before, first.after) == (2_500, 1_000, None, 1_001)
    last = viewing.text("a.txt", data, oid="3", first=2_001)
    assert (len(last.text), last.before, last.after) == (500, 1_001, None)
    assert viewing.text("a.txt", data, oid="3", first=99_999).first == 2_500


def test_one_endless_line_is_cut():
    view = viewing.text("a.json", b"[" + b"1," * 100_000 + b"1]", oid="4", first=1)
    assert len(view.text) == 1
    assert len(view.text[0]) < 2_010


def test_what_is_not_text_is_offered_for_download():
    assert viewing.text("a.txt", b"\0\1\2", oid="5", first=1).kind == "none"
    assert viewing.text("a.txt", b"\xff\xfe\xfa", oid="6", first=1).kind == "none"


def test_text_made_to_stall_a_highlighter_is_shown_without_colours():
    hostile = ("/*" * 60_000 + "\n" + '"' + "\\" * 60_000).encode()
    started = time.monotonic()
    view = viewing.text("a.js", hostile, oid="7", first=1)
    assert view.kind == "text"
    assert time.monotonic() - started < 25


def table(path: str, data: bytes):
    return viewing.table(path, read_from(data), len(data))


def test_separated_values_become_a_table():
    view = table("a.csv", b'name,size\n"a, b",1\nc\n')
    assert [each["name"] for each in view.columns] == ["name", "size"]
    assert view.rows == (("a, b", "1"), ("c", None))
    assert [each["is_number"] for each in view.columns] == [False, True]
    assert view.said == "2 rows, 2 columns"
    assert table("a.csv", b"just one column\n1\n").kind == "none"
    assert table("a.csv", b"\xff\xfe").kind == "none"


def test_a_page_says_how_much_of_a_table_it_shows():
    head = ",".join(f"c{n}" for n in range(60))
    rows = "".join(",".join(["0123456789"] * 60) + "\n" for _ in range(1_000))
    view = table("long.csv", f"{head}\n{rows}".encode())
    assert view.said == "The first 100 rows, the first 40 of 60 columns"
    assert (len(view.rows), len(view.columns), len(view.rows[99])) == (100, 40, 40)


def test_lines_of_json_become_a_table_by_their_keys():
    view = table("a.jsonl", b'{"q": "why", "n": 1}\n{"q": null, "tags": ["x"]}\n')
    assert [each["name"] for each in view.columns] == ["q", "n", "tags"]
    assert view.rows == (("why", "1", None), (None, None, '["x"]'))
    assert table("a.jsonl", b"{\n").kind == "none"


def test_the_header_of_a_safetensors_file_becomes_a_table():
    header = json.dumps(
        {
            "w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
            "__metadata__": {"format": "pt"},
        }
    ).encode()
    data = struct.pack("<Q", len(header)) + header + bytes(24)
    view = viewing.tensors("m.safetensors", read_from(data), len(data))
    assert view.kind == "tensors"
    assert view.tensors == [{"name": "w", "dtype": "F32", "shape": "2 × 3", "count": 6}]
    assert ("format", "pt") in view.metadata


def test_a_broken_header_is_explained_not_guessed():
    view = viewing.tensors("m.safetensors", read_from(b"not one"), 7)
    assert view.kind == "none"
    assert view.why


def test_a_picture_is_known_by_its_bytes_and_nothing_else_is_one():
    assert viewing.image_type(b"\x89PNG\r\n\x1a\n....") == "image/png"
    assert viewing.image_type(b"RIFF\0\0\0\0WEBPVP8 ") == "image/webp"
    for other in (b"<svg xmlns=", b"<html>", b"BM", b""):
        with pytest.raises(Invalid):
            viewing.image_type(other)
