"""Small JSON files of a repository, such as `config.json`, cut down to the keys asked for."""

import json
from typing import Any

from iriai.readers.refusals import Refused

TEXT_LENGTH_MAX = 64 * 1024


def read_json(data: bytes, *, keys: list[str]) -> dict[str, Any]:
    """The object's values under `keys`, where they are there and not huge."""
    try:
        value = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused("This is not JSON.") from None
    if not isinstance(value, dict):
        raise Refused("This is not a JSON object.")
    found = {key: value[key] for key in keys if key in value}
    return {key: kept for key, kept in found.items() if len(json.dumps(kept)) <= TEXT_LENGTH_MAX}


def _no_constant(_name: str) -> None:
    return None  # NaN and Infinity are no JSON; transformers writes them now and then
