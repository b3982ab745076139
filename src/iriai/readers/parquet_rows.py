"""The first rows of a Parquet file, out of the first bytes of each column.

    read_parquet_rows(data, columns=…, most=20)

`data` is, for each column, the start of its dictionary and the start of its pages, one after the
other; `columns` are those of `read_parquet_columns`, each with the `sizes` of the two. Whatever is
not among these bytes is not shown: a column may give fewer rows than its neighbour, and one that is
packed in a way unknown here gives a sentence. Each value comes as a short text.
"""

import struct
from collections.abc import Iterator
from typing import Any

from iriai.readers import levels, unpacking
from iriai.readers.cells import cell
from iriai.readers.parquet import Thrift
from iriai.readers.refusals import Refused

UNPACKED_BYTES = (8 * 1024, 64 * 1024, 1024 * 1024)
"""How much of each page is unpacked: a little first, more where that gives too few rows."""
UNPACKED_BYTES_IN_ALL = 12 * 1024 * 1024
VALUES_MAX = 20_000
PAGES_MAX = 200
HEADER_BYTES_MAX = 16 * 1024

DATA, _INDEX, DICTIONARY, DATA_2 = range(4)
PLAIN, PLAIN_DICTIONARY, RLE, RLE_DICTIONARY = 0, 2, 3, 8
ENCODINGS = {
    5: "DELTA_BINARY_PACKED", 6: "DELTA_LENGTH_BYTE_ARRAY", 7: "DELTA_BYTE_ARRAY",
    9: "BYTE_STREAM_SPLIT",
}  # fmt: skip
FORMS = {"INT32": "<i", "INT64": "<q", "FLOAT": "<f", "DOUBLE": "<d"}


def read_parquet_rows(
    data: bytes, *, columns: list[dict[str, Any]], most: int
) -> list[dict[str, Any]]:
    """For each column `{"cells"}` or `{"why"}` there are none."""
    found: list[dict[str, Any]] = []
    at, left = 0, UNPACKED_BYTES_IN_ALL
    for column in columns:
        first, second = column["sizes"]
        dictionary, pages = data[at : at + first], data[at + first : at + first + second]
        at += first + second
        try:
            cells: list[Any] = []
            for amount in UNPACKED_BYTES:
                if left < amount or len(cells) >= most:
                    break
                left -= amount
                cells = _Column(column, amount).rows(dictionary, pages, most)
            found.append({"cells": [cell(value, column) for value in cells]})
        except Refused as refusal:
            found.append({"why": str(refusal)})
        except (struct.error, ValueError, OverflowError, IndexError, KeyError, TypeError):
            found.append({"why": "This column cannot be read."})
    return found


class _Column:
    """One column on its way from pages to rows; `amount` bounds what each page is unpacked to."""

    def __init__(self, column: dict[str, Any], amount: int) -> None:
        self.about, self.amount = column, amount
        codec = column["codec"]
        if codec not in unpacking.CODECS:
            name = unpacking.NAMES.get(codec, str(codec))
            raise Refused(f"Packed with {name}, which is not read here.")
        self.unpack = unpacking.CODECS[codec]
        self.words: list[Any] = []

    def rows(self, dictionary: bytes, pages: bytes, most: int) -> list[Any]:
        """The first rows, at most `most`."""
        for _, header, body in _pages(dictionary):
            if _number(header, 1) == DICTIONARY:
                self.words = list(self._plain(self.unpack(body, self.amount), VALUES_MAX))
        repetitions: list[int] = []
        definitions: list[int] = []
        values: list[Any] = []
        for whole, header, body in _pages(pages):
            if _number(header, 1) not in (DATA, DATA_2):
                continue
            more = self._page(header, body, most)
            repetitions += more[0]
            definitions += more[1]
            values += more[2]
            begun = sum(level == 0 for level in repetitions)
            if not whole or begun >= most + bool(self.about["repeated"]):
                break  # a list ends where the next row begins
            if len(definitions) >= VALUES_MAX or self._short(more):
                break
        return levels.rows(
            repetitions,
            definitions,
            iter(values),
            most=most,
            defined=self.about["defined"],
            repeated=self.about["repeated"],
        )

    def _short(self, page: tuple[list[int], list[int], list[Any]]) -> bool:
        """Whether a page gave fewer values than its levels tell of: what follows fits nowhere."""
        defined: int = self.about["defined"]
        return len(page[2]) < sum(level >= defined for level in page[1])

    def _page(
        self, header: dict[int, Any], body: bytes, most: int
    ) -> tuple[list[int], list[int], list[Any]]:
        """Repetition levels, definition levels and values of one page."""
        depth, defined = len(self.about["repeated"]), self.about["defined"]
        second = _number(header, 1) == DATA_2
        about = header.get(8 if second else 5)
        if not isinstance(about, dict):
            raise Refused("A page of this file makes no sense.")
        count = min(_number(about, 1), VALUES_MAX if depth else most)
        if second:
            ends = (_number(about, 6), _number(about, 6) + _number(about, 5))
            parts = [body[: ends[0]], body[ends[0] : ends[1]]]
            rest = body[ends[1] :]
            data = self.unpack(rest, self.amount) if about.get(7, True) else rest[: self.amount]
        else:
            data, parts = self.unpack(body, self.amount), []
            for level in (depth, defined):
                size = int.from_bytes(data[:4], "little") if level else 0
                parts.append(data[4 : 4 + size])
                data = data[4 + size :] if level else data
        repetitions = levels.hybrid(parts[0], depth.bit_length(), count)
        definitions = levels.hybrid(parts[1], defined.bit_length(), count)
        there = sum(level >= defined for level in definitions)
        encoding = _number(about, 4 if second else 2)
        return repetitions, definitions, self._values(data, encoding, there)

    def _values(self, data: bytes, encoding: int, count: int) -> list[Any]:
        if encoding in (PLAIN_DICTIONARY, RLE_DICTIONARY):
            if not data:
                return []
            places = levels.hybrid(data[1:], data[0], count)
            known = next((n for n, at in enumerate(places) if at >= len(self.words)), len(places))
            return [self.words[at] for at in places[:known]]
        if encoding == RLE and self.about["physical"] == "BOOLEAN":
            return [bool(bit) for bit in levels.hybrid(data[4:], 1, count)]
        if encoding != PLAIN:
            name = ENCODINGS.get(encoding, str(encoding))
            raise Refused(f"Encoded as {name}, which is not read here.")
        return list(self._plain(data, count))

    def _plain(self, data: bytes, count: int) -> Iterator[Any]:
        """Values one after the other; a text that is cut comes with its whole length."""
        kind, length = self.about["physical"], self.about["length"]
        if kind == "BOOLEAN":
            yield from (bool(bit) for bit in levels.packed(data, 1, count))
        elif kind in FORMS:
            size = struct.calcsize(FORMS[kind])
            whole = data[: min(count, len(data) // size) * size]
            yield from (value for (value,) in struct.iter_unpack(FORMS[kind], whole))
        elif kind in ("INT96", "FIXED_LEN_BYTE_ARRAY"):
            size = 12 if kind == "INT96" else length
            for n in range(min(count, len(data) // size)):
                yield data[n * size : (n + 1) * size], size
        else:
            at = 0
            for _ in range(count):
                if at + 4 > len(data):
                    break
                size = int.from_bytes(data[at : at + 4], "little")
                yield data[at + 4 : at + 4 + size], size
                at += 4 + size


def _pages(data: bytes) -> Iterator[tuple[bool, dict[int, Any], bytes]]:
    """Each page's header and body, and whether all of it is here."""
    at = 0
    for _ in range(PAGES_MAX):
        if at >= len(data):
            return
        head = Thrift(data[at : at + HEADER_BYTES_MAX])
        header = head.struct()
        at += head.at
        size = _number(header, 3)
        yield at + size <= len(data), header, data[at : at + size]
        at += size


def _number(fields: dict[int, Any], place: int) -> int:
    value = fields.get(place)
    if not isinstance(value, int) or value < 0:
        raise Refused("A page of this file makes no sense.")
    return value
