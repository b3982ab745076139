"""The footer of a Parquet file: columns, rows and metadata. `parquet_rows` reads rows.

Layout: https://parquet.apache.org/docs/file-format. The footer is Thrift's compact protocol, read
here into field numbers and values, with a bound on everything; what is of no use is read past.
"""

from typing import Any

from iriai.readers.refusals import Refused

FOOTER_BYTES_MAX = 32 << 20
DEPTH_MAX = 24
VALUES_MAX = 2_000_000
COLUMNS_MAX = 10_000
ENTRIES_MAX = 256
TEXT_LENGTH_MAX = 4_096
VARINT_BYTES_MAX = 10

TYPES = {
    0: "BOOLEAN", 1: "INT32", 2: "INT64", 3: "INT96", 4: "FLOAT", 5: "DOUBLE", 6: "BYTE_ARRAY",
    7: "FIXED_LEN_BYTE_ARRAY",
}  # fmt: skip
REPETITIONS = {0: "required", 1: "optional", 2: "repeated"}
LOGICAL = {
    1: "string", 2: "map", 3: "list", 4: "enum", 5: "decimal", 6: "date", 7: "time",
    8: "timestamp", 10: "integer", 11: "null", 12: "json", 13: "bson", 14: "uuid", 15: "float16",
}  # fmt: skip

_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(
    13
)

Fields = dict[int, Any]


class Thrift:
    """A place in bytes of the compact protocol."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.values = data, 0, 0

    def byte(self) -> int:
        """The next byte."""
        if self.at >= len(self.data):
            raise Refused("The Parquet footer ends too early.")
        self.at += 1
        return self.data[self.at - 1]

    def varint(self) -> int:
        """An unsigned number of up to 64 bits."""
        number = 0
        for place in range(VARINT_BYTES_MAX):
            byte = self.byte()
            number |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:  # noqa: PLR2004  no byte follows
                return number & ((1 << 64) - 1)
        raise Refused("A number in the Parquet footer is too long.")

    def signed(self) -> int:
        """A zigzag number."""
        number = self.varint()
        return (number >> 1) ^ -(number & 1)

    def binary(self) -> bytes:
        """Bytes with their length before them."""
        length = self.varint()
        if length > len(self.data) - self.at:
            raise Refused("The Parquet footer ends too early.")
        self.at += length
        return self.data[self.at - length : self.at]

    def value(self, kind: int, depth: int) -> Any:
        """A value of this kind."""
        self.values += 1
        if self.values > VALUES_MAX or depth > DEPTH_MAX:
            raise Refused("The Parquet footer holds too much.")
        if kind in (_TRUE, _FALSE):
            return self.byte() == _TRUE
        if kind == _BYTE:
            return self.byte()
        if kind in (_I16, _I32, _I64):
            return self.signed()
        if kind == _DOUBLE:
            self.at += 8
            return 0.0
        if kind == _BINARY:
            return self.binary()
        if kind in (_LIST, _SET):
            return self.listed(depth)
        if kind == _MAP:
            return self.mapped(depth)
        if kind == _STRUCT:
            return self.struct(depth)
        raise Refused("The Parquet footer makes no sense.")

    def listed(self, depth: int) -> list[Any]:
        """A list, whose length is bounded by the bytes there are."""
        head = self.byte()
        count, kind = head >> 4, head & 0x0F
        if count == 0x0F:  # noqa: PLR2004  a length of its own
            count = self.varint()
        if count > len(self.data) - self.at:
            raise Refused("The Parquet footer ends too early.")
        return [self.value(kind, depth + 1) for _ in range(count)]

    def mapped(self, depth: int) -> None:
        """A map; there is none that is of use."""
        count = self.varint()
        if count > len(self.data) - self.at:
            raise Refused("The Parquet footer ends too early.")
        kinds = self.byte() if count else 0
        for _ in range(count):
            self.value(kinds >> 4, depth + 1)
            self.value(kinds & 0x0F, depth + 1)

    def struct(self, depth: int = 0) -> Fields:
        """A struct, by field number."""
        fields: Fields = {}
        number = 0
        while (head := self.byte()) != _STOP:
            kind, delta = head & 0x0F, head >> 4
            number = number + delta if delta else self.signed()
            if kind in (_TRUE, _FALSE):
                fields[number] = kind == _TRUE
            else:
                fields[number] = self.value(kind, depth + 1)
        return fields


def read_parquet(data: bytes) -> dict[str, Any]:
    """Columns, rows and metadata; `data` is the footer without its length and mark."""
    if len(data) > FOOTER_BYTES_MAX:
        raise Refused("The Parquet footer is too large to be shown.")
    footer = Thrift(data).struct()
    schema, pairs = _list(footer.get(2)), _list(footer.get(5))
    if len(schema) > COLUMNS_MAX or not isinstance(footer.get(3), int):
        raise Refused("The Parquet footer makes no sense.")
    metadata = {}
    for pair in pairs[:ENTRIES_MAX]:
        if isinstance(pair, dict):
            metadata[_text(pair.get(1))] = _text(pair.get(2))
    return {
        "rows": footer[3],
        "groups": len(_list(footer.get(4))),
        "columns": _columns(schema),
        "metadata": metadata,
        "made_by": _text(footer.get(6)),
    }


def _columns(schema: list[Any]) -> list[dict[str, str]]:
    """The leaves of the schema, by their path."""
    found: list[dict[str, str]] = []
    path: list[tuple[str, int]] = []
    for element in schema[1:]:
        if not isinstance(element, dict):
            raise Refused("The Parquet footer makes no sense.")
        while path and path[-1][1] == 0:
            path.pop()
        if path:
            path[-1] = (path[-1][0], path[-1][1] - 1)
        name, children = _text(element.get(4)), element.get(5)
        if isinstance(children, int) and children > 0:
            if len(path) >= DEPTH_MAX:
                raise Refused("The Parquet schema is too deep.")
            path.append((name, children))
            continue
        where = ".".join([*(step for step, _ in path), name])
        found.append({"name": where[:TEXT_LENGTH_MAX], "type": _type(element)})
    return found


def _type(element: Fields) -> str:
    words = [
        REPETITIONS.get(_number(element.get(3)), ""),
        TYPES.get(_number(element.get(1)), "group"),
    ]
    logical = element.get(10)
    if isinstance(logical, dict) and logical:
        words.append(f"({LOGICAL.get(next(iter(logical)), 'other')})")
    return " ".join(word for word in words if word)


def _number(value: Any) -> int:
    return value if isinstance(value, int) else -1


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value[:TEXT_LENGTH_MAX].decode("utf-8", "replace") if isinstance(value, bytes) else ""
