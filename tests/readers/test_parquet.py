"""The footer of a Parquet file, read without reading a row."""

import contextlib
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iriai.readers.parquet import DEPTH_MAX, read_parquet
from iriai.readers.refusals import Refused


def footer(frame, **more):
    out = io.BytesIO()
    frame.to_parquet(out, **more)
    whole = out.getvalue()
    length = int.from_bytes(whole[-8:-4], "little")
    return whole[-8 - length : -8]


FRAME = pd.DataFrame({"id": [1, 2, 3], "text": ["a", "b", "c"], "tags": [["x"], [], ["y", "z"]]})


def test_a_footer_names_columns_rows_and_metadata():
    found = read_parquet(footer(FRAME))
    assert (found["rows"], found["groups"]) == (3, 1)
    assert {each["name"]: each["type"] for each in found["columns"]} == {
        "id": "optional INT64",
        "text": "optional BYTE_ARRAY (string)",
        "tags.list.element": "optional BYTE_ARRAY (string)",
    }
    assert "pandas" in found["metadata"]
    assert "parquet" in found["made_by"]


@pytest.mark.parametrize("cut", [0, 1, 10, 50, -1])
def test_a_footer_that_is_cut_short_is_refused(cut):
    with pytest.raises(Refused):
        read_parquet(footer(FRAME)[:cut])


def test_a_footer_that_nests_without_end_is_refused():
    with pytest.raises(Refused):
        read_parquet(b"\x2c" * (DEPTH_MAX + 10))


@given(st.binary(max_size=400))
def test_any_bytes_give_a_footer_or_a_sentence(data):
    with contextlib.suppress(Refused):
        read_parquet(data)


@given(st.integers(0, 5_000), st.integers(0, 255))
def test_a_footer_with_one_byte_changed_never_hangs_or_crashes(place, byte):
    data = bytearray(footer(FRAME))
    data[place % len(data)] = byte
    with contextlib.suppress(Refused):
        read_parquet(bytes(data))
