"""What a request carries, read strictly: bodies within their limits, fields of the right type.

A client's mistake gets a sentence and a 4xx, never a 5xx: those are tried again for 23 seconds.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request

from iriai.base.errors import Excessive, Invalid
from iriai.base.numbers import whole

Body = dict[str, Any]

JSON_BODY_BYTES_MAX = 4 << 20
NUMBER_DIGITS_MAX = 12


async def body_bytes(request: Request, *, limit: int = JSON_BODY_BYTES_MAX) -> bytes:
    """The whole body, or `Excessive` as soon as it is known to be more than `limit` bytes."""
    claimed = request.headers.get("content-length", "0")
    if not claimed.isdigit():
        raise Invalid("Content-Length is not a number.")
    if int(claimed) > limit:
        raise _too_big(limit)
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise _too_big(limit)
        pieces.append(piece)
    return b"".join(pieces)


async def json_body(request: Request, *, limit: int = JSON_BODY_BYTES_MAX) -> Body:
    """The body as a JSON object; an empty body is an empty object."""
    return parsed_json(await body_bytes(request, limit=limit))


def parsed_json(raw: bytes) -> Body:
    """A JSON object, strictly read."""
    if not raw.strip():
        return {}
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"The body is not valid JSON: {error}.") from error
    if not isinstance(found, dict):
        raise Invalid("The body must be a JSON object.")
    require_no_null(raw, found)
    return found


def require_no_null(raw: bytes, found: object) -> None:
    """Refuse JSON in which a text holds a null character: no database and no file name takes it."""
    if rb"\u0000" not in raw:
        return
    waiting = [found]
    while waiting:
        match waiting.pop():
            case str() as text if "\x00" in text:
                raise Invalid("A text cannot hold a null character.")
            case dict() as inner:
                waiting += [*inner, *inner.values()]
            case list() as inner:
                waiting += inner


def text_field(
    body: Mapping[str, Any], name: str, *, default: str | None = None, length_max: int = 1_000
) -> str:
    """A text of a JSON body; required where there is no default."""
    found = body.get(name)
    if found is None:
        if default is None:
            raise Invalid(f'"{name}" is required.')
        return default
    if not isinstance(found, str):
        raise Invalid(f'"{name}" must be a string.')
    if len(found) > length_max:
        raise Invalid(f'"{name}" has at most {length_max} characters.')
    return found


def flag_field(body: Mapping[str, Any], name: str) -> bool | None:
    """A truth value of a JSON body, or None where it is absent."""
    found = body.get(name)
    if found is not None and not isinstance(found, bool):
        raise Invalid(f'"{name}" must be true or false.')
    return found


def query_flag(request: Request, name: str) -> bool:
    """A truth value of a query: `true`, `True` and `1` are true; `false`, `0` and nothing not."""
    found = request.query_params.get(name, "").lower()
    if found not in ("", "0", "1", "true", "false"):
        raise Invalid(f'"{name}" must be true or false.')
    return found in ("1", "true")


def query_number(request: Request, name: str, *, default: int, most: int) -> int:
    """A count of a query, from 1 to `most`; more than that is `most`."""
    found = request.query_params.get(name)
    if found is None or found == "":
        return default
    number = whole(found, digits_max=NUMBER_DIGITS_MAX)
    if not number:
        raise Invalid(f'"{name}" must be a number from 1.')
    return min(number, most)


def _too_big(limit: int) -> Excessive:
    return Excessive(f"The body of this request may have at most {limit} bytes.")
