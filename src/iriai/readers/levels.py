"""Numbers as Parquet packs them, and lists put together from them.

Levels and indices are runs and packed bits in turn. A value's *definition* level says how much of
its path is there, its *repetition* level which list it goes on with
(https://parquet.apache.org/docs/file-format/nestedencoding).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from iriai.readers.refusals import Refused

BITS_A_BYTE = 8
WIDTH_MAX = 32
VARINT_BYTES_MAX = 5


def hybrid(data: bytes, width: int, count: int) -> list[int]:
    """At most `count` numbers of `width` bits, as many as the bytes at hand hold."""
    if width == 0:
        return [0] * count
    if width > WIDTH_MAX:
        raise Refused("A column of this file makes no sense.")
    found: list[int] = []
    at, size = 0, (width + 7) // BITS_A_BYTE
    while len(found) < count and at < len(data):
        head, at = _varint(data, at)
        left = count - len(found)
        if head & 1:
            length = (head >> 1) * width
            found += packed(data[at : at + min(length, left * width + width)], width, left)
            at += length
        else:
            if at + size > len(data):
                break
            found += [int.from_bytes(data[at : at + size], "little")] * min(head >> 1, left)
            at += size
    return found[:count]


def packed(data: bytes, width: int, count: int) -> list[int]:
    """Numbers of `width` bits one after the other, the lowest bit first."""
    count = min(count, len(data) * BITS_A_BYTE // width)
    mask, found, eight = (1 << width) - 1, [], width
    for start in range(0, len(data), eight):  # eight numbers take `width` bytes
        bits = int.from_bytes(data[start : start + eight], "little")
        found += [bits >> (place * width) & mask for place in range(BITS_A_BYTE)]
        if len(found) >= count:
            break
    return found[:count]


def rows(
    repetitions: Sequence[int],
    definitions: Sequence[int],
    values: Iterator[Any],
    *,
    most: int,
    defined: int,
    repeated: Sequence[int],
) -> list[Any]:
    """The first rows of a column: values, None, or lists of them.

    `defined` is the definition level of a value that is there, `repeated` that of an element in
    each list on its path. It ends early where `values` do.
    """
    found: list[Any] = []
    lists: list[list[Any]] = []
    for repetition, definition in zip(repetitions, definitions, strict=False):
        if repetition == 0:
            if len(found) >= most:
                break
            found.append(None)
        value = next(values, StopIteration) if definition >= defined else None
        if value is StopIteration or not found:
            return found[:-1]
        del lists[repetition:]
        depth = sum(definition >= level for level in repeated)
        while len(lists) < depth:
            lists.append(_put(found, lists, []))
        if depth == len(repeated):
            _put(found, lists, value)
        else:
            _put(found, lists, [] if definition == repeated[depth] - 1 else None)
    return found


def _put(found: list[Any], lists: list[list[Any]], value: Any) -> Any:
    if lists:
        lists[-1].append(value)
    else:
        found[-1] = value
    return value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for place, byte in enumerate(data[at : at + VARINT_BYTES_MAX]):
        number |= (byte & 0x7F) << (7 * place)
        at += 1
        if byte < 0x80:  # noqa: PLR2004  no byte follows
            break
    return number, at
