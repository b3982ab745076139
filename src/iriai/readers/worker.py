"""The confined process: reads requests from its standard input, answers on its standard output.

    python -I worker.py SOURCE MODULE EMPTY

imports `READERS` from MODULE found under SOURCE, gives up everything (`confinement.py`), says which
layers hold, and serves. A frame is a 4-byte big-endian length and that many bytes. A request is a
frame of JSON `{"reader", "options"}` and a frame of bytes; an answer is one frame of JSON.
"""

import importlib
import json
import math
import os
import sys
from typing import Any

STDIN, STDOUT = 0, 1
ANSWER_BYTES_MAX = 8 * 1024 * 1024
DEPTH_MAX = 64
INTEGER_MAX = (1 << 63) - 1


def main() -> None:
    """Confine this process, then serve until the other side goes away."""
    source, module, empty = sys.argv[1:4]
    sys.path.insert(0, source)
    readers = importlib.import_module(module).READERS
    refused = importlib.import_module("iriai.readers.refusals").Refused
    confine = importlib.import_module("iriai.readers.confinement").confine
    "é".encode("latin-1").decode("utf-8", "replace").encode("ascii", "replace")  # load the codecs
    layers = confine(empty)
    _send({"layers": layers, "address_space": _address_space()})
    while True:
        request = json.loads(_receive())
        data = _receive()
        _send(_answer(readers, refused, request, data))
        del data


def _answer(
    readers: dict[str, Any], refused: type[Exception], request: dict[str, Any], data: bytes
) -> dict[str, Any]:
    try:
        return {"value": _plain(readers[request["reader"]](data, **request["options"]), 0)}
    except refused as refusal:
        return {"refused": str(refusal)}
    except MemoryError:
        return {"excessive": "memory"}
    except Exception as error:  # noqa: BLE001  whatever a reader does, the loop goes on
        return {"failed": type(error).__name__}


def _plain(value: Any, depth: int) -> Any:
    """`value` as every JSON parser and both databases take it."""
    if depth > DEPTH_MAX:
        return None
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_plain(str(k), 0): _plain(item, depth + 1) for k, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) <= INTEGER_MAX else str(value)
    return value


def _address_space() -> int:
    """The bytes of address space in use, for the limit the parent sets."""
    return 0 if _PAGES_AT_START is None else _PAGES_AT_START * 4096


def _pages() -> int | None:
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123  no pathlib in here
            return int(statm.read().split()[0])
    except OSError:
        return None


def _receive() -> bytes:
    return _read(int.from_bytes(_read(4), "big"))


def _read(length: int) -> bytes:
    pieces = []
    while length:
        piece = os.read(STDIN, min(length, 1 << 20))
        if not piece:
            os._exit(0)
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _send(answer: dict[str, Any]) -> None:
    text = json.dumps(answer, ensure_ascii=False, allow_nan=False).encode("utf-8")
    if len(text) > ANSWER_BYTES_MAX:
        text = b'{"excessive":"answer"}'
    rest = memoryview(len(text).to_bytes(4, "big") + text)
    while rest:
        rest = rest[os.write(STDOUT, rest) :]


_PAGES_AT_START = _pages()

if __name__ == "__main__":
    main()
