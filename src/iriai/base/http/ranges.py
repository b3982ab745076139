"""Which bytes a request asks for: `Range`, `If-Range` and `If-None-Match`, after RFC 9110. Pure.

A header that makes no sense is ignored, as the RFC asks, and so is a list of ranges that together
ask for more than the whole: nobody needs it, and answering it would multiply our work.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

RANGES_MAX = 1024
DIGITS_MAX = 18
"""More digits than any size has; longer numbers are not worth reading."""

_SPEC = re.compile(r"(\d*)-(\d*)", re.ASCII)
_ETAG = re.compile(r'(?:W/)?"[^"]*"')


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes `[start, end)`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.end - self.start

    def content_range(self, size: int) -> str:
        """The value of `Content-Range`, of `size` bytes in all."""
        return f"bytes {self.start}-{self.end - 1}/{size}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What to answer: a status, and of which bytes the body consists."""

    status: int
    spans: tuple[Span, ...]


def asked(headers: Mapping[str, str], size: int, etag: str) -> Asked:
    """What a GET or HEAD with `headers` (lower-case names) asks of `size` bytes known by `etag`."""
    if matches(headers.get("if-none-match", ""), etag):
        return Asked(304, ())
    whole = Asked(200, (Span(0, size),))
    condition = headers.get("if-range")
    if "range" not in headers or (condition is not None and condition.strip() != etag):
        return whole
    spans = parse(headers["range"], size)
    if spans is None:
        return whole
    return Asked(206, spans) if spans else Asked(416, ())


def parse(header: str, size: int) -> tuple[Span, ...] | None:
    """The spans that a `Range` header means; none where it lies outside; `None` to ignore it."""
    unit, equals, listed = header.partition("=")
    if unit.strip().lower() != "bytes" or not equals:
        return None
    specs = [each.strip() for each in listed.split(",") if each.strip()]
    if not 0 < len(specs) <= RANGES_MAX:
        return None
    spans = []
    for spec in specs:
        ends = _ends(spec)
        if ends is None:
            return None
        span = _clamped(*ends, size)
        if span is not None:
            spans.append(span)
    if len(spans) > 1 and sum(span.length for span in spans) > size:
        return None
    return tuple(spans)


def matches(header: str, etag: str) -> bool:
    """Whether `If-None-Match: header` names `etag`, weakly compared as the RFC asks."""
    if header.strip() == "*":
        return True
    return any(each.removeprefix("W/") == etag.removeprefix("W/") for each in _ETAG.findall(header))


def _ends(spec: str) -> tuple[int | None, int | None] | None:
    """First and last byte as written (`-n` gives `None, n`), or `None` where it is malformed."""
    found = _SPEC.fullmatch(spec)
    if found is None or spec == "-" or max(map(len, found.groups())) > DIGITS_MAX:
        return None
    first, last = (int(text) if text else None for text in found.groups())
    if first is not None and last is not None and last < first:
        return None
    return first, last


def _clamped(first: int | None, last: int | None, size: int) -> Span | None:
    if first is None:
        start, end = max(0, size - (last or 0)), size
    else:
        start, end = first, size if last is None else min(last + 1, size)
    return Span(start, end) if start < end else None


@dataclass(frozen=True, slots=True)
class Multipart:
    """The frame of a `multipart/byteranges` body around several spans."""

    spans: tuple[Span, ...]
    size: int
    content_type: str
    boundary: str

    @property
    def media_type(self) -> str:
        """The value of `Content-Type` of the whole answer."""
        return f"multipart/byteranges; boundary={self.boundary}"

    @property
    def end(self) -> bytes:
        """What follows the last span."""
        return f"\r\n--{self.boundary}--\r\n".encode()

    @property
    def length(self) -> int:
        """How many bytes the whole body has."""
        return len(self.end) + sum(len(self.head(each)) + each.length for each in self.spans)

    def head(self, span: Span) -> bytes:
        """What precedes `span`."""
        return (
            f"\r\n--{self.boundary}\r\nContent-Type: {self.content_type}\r\n"
            f"Content-Range: {span.content_range(self.size)}\r\n\r\n"
        ).encode()
