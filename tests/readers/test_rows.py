"""The first rows of tables: Parquet as others write it, compared with what they read."""

import contextlib
import datetime as dt
import decimal
import io
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.base.errors import HubError
from iriai.cards import rows
from iriai.readers import unpacking
from iriai.readers.refusals import Refused
from iriai.readers.tables import read_jsonl

COLUMNS = {
    "id": list(range(2_000)),
    "name": [None if n % 7 == 3 else f"name {n % 50}" for n in range(2_000)],
    "long": ["é" * (n % 400) for n in range(2_000)],
    "part": [n / 8 for n in range(2_000)],
    "yes": [n % 3 == 0 for n in range(2_000)],
    "tags": [None if n % 5 == 4 else [f"t{m}" for m in range(n % 4)] for n in range(2_000)],
    "deep": [[[n], [], [n, None]] for n in range(2_000)],
    "picture": [{"bytes": b"\x89PNG" + bytes(n), "path": f"{n}.png"} for n in range(2_000)],
    "at": [dt.datetime(2026, 1, 1, 12, 0, n % 60, 250_000, dt.UTC) for n in range(2_000)],
    "day": [dt.date(2026, 1, 1) for n in range(2_000)],
    "price": [decimal.Decimal(n).scaleb(-2) for n in range(2_000)],
}


def written(table, **more) -> bytes:
    out = io.BytesIO()
    pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), out, **more)
    return out.getvalue()


def first(data: bytes, path="a.parquet", **more):
    return rows.first(path, lambda start, end: data[start:end], len(data), **more)


def column(found, name):
    place = [each.name for each in found.columns].index(name)
    return [row[place] for row in found.rows]


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "lz4"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"use_dictionary": False},
        {"data_page_version": "2.0"},
        {"data_page_size": 1_024, "row_group_size": 500},
        {"data_page_size": 700, "data_page_version": "2.0", "use_dictionary": False},
    ],
    ids=str,
)
def test_the_first_rows_are_those_that_others_read(compression, more):
    found = first(written(COLUMNS, compression=compression, **more), most=60)
    assert (found.count, len(found.rows), found.column_count) == (2_000, 60, 12)
    assert column(found, "id") == [str(n) for n in range(60)]
    assert column(found, "name") == COLUMNS["name"][:60]
    cut = [text if len(text) <= 300 else text[:300] + "…" for text in COLUMNS["long"][:60]]
    assert column(found, "long") == cut
    assert [float(cell) for cell in column(found, "part")] == COLUMNS["part"][:60]
    assert column(found, "yes")[:4] == ["true", "false", "false", "true"]
    assert column(found, "tags")[:6] == ["[]", "[t0]", "[t0, t1]", "[t0, t1, t2]", None, "[t0]"]
    assert column(found, "deep")[2] == "[[2], [], [2, null]]"
    assert column(found, "picture.bytes")[3] == "PNG picture, 7 bytes"
    assert column(found, "picture.path")[3] == "3.png"
    assert column(found, "at")[1] == "2026-01-01 12:00:01.25"
    assert column(found, "day")[1] == "2026-01-01"
    assert column(found, "price")[7] == "0.07"


def test_what_pandas_writes_is_read_with_its_types_in_words():
    frame = pd.DataFrame({"x": [1.5, None], "t": ["a", "b"], "l": [["p"], []]})
    out = io.BytesIO()
    frame.to_parquet(out)
    found = first(out.getvalue())
    assert {each.name: each.kind for each in found.columns} == {
        "x": "number",
        "t": "text",
        "l": "list of text",
    }
    assert found.rows == (("1.5", "a", "[p]"), (None, "b", "[]"))


def test_only_the_start_of_a_large_file_is_read():
    texts = [f"{n} " + "words and words " * 60 for n in range(20_000)]
    data = written({"n": list(range(20_000)), "text": texts}, compression="none")
    asked: list[int] = []

    def read(start: int, end: int) -> bytes:
        asked.append(end - start)
        return data[start:end]

    found = rows.first("a.parquet", read, len(data))
    assert len(found.rows) == 100
    assert column(found, "text")[99].startswith("99 words")
    assert sum(asked) < len(data) / 10


def test_a_column_packed_in_a_way_unknown_here_says_so_and_the_others_stand():
    found = first(written({"a": [1, 2], "b": ["x", "y"]}, compression={"a": "zstd", "b": "snappy"}))
    assert "Zstandard" in found.columns[0].why
    assert column(found, "b") == ["x", "y"]
    delta = {"a": "DELTA_BINARY_PACKED"}
    coded = first(written({"a": [1, 2]}, use_dictionary=False, column_encoding=delta))
    assert "DELTA_BINARY_PACKED" in coded.columns[0].why


@given(place=st.integers(0, 60_000), byte=st.integers(0, 255))
def test_a_file_with_one_byte_changed_never_hangs_or_crashes(place, byte):
    data = bytearray(SMALL)
    data[place % len(data)] = byte
    with contextlib.suppress(HubError):
        first(bytes(data))


@given(st.binary(max_size=300), st.sampled_from([1, 2, 7]))
def test_any_bytes_unpack_to_no_more_than_is_asked_or_give_a_sentence(data, codec):
    with contextlib.suppress(Refused):
        assert len(unpacking.CODECS[codec](data, 1_000)) <= 1_000


@given(
    st.lists(
        st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9)),
        min_size=1,
        max_size=6,
    )
)
def test_lines_of_json_give_a_row_each(values):
    data = "\n".join(json.dumps(each) for each in values).encode()
    found = read_jsonl(data, whole=True, most=1_000, columns=1_000)
    assert len(found["rows"]) == len(values)
    assert {name for each in values for name in each} == set(found["head"])


SMALL = written({name: values[:40] for name, values in COLUMNS.items()}, use_dictionary=["name"])
