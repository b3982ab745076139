"""Git's pkt-lines: four hex digits of length, then that much less four. Pure.

https://git-scm.com/docs/protocol-common and gitprotocol-pack. What a client sends is bounded here;
what we send is cut into packets that any git takes.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from iriai.base.errors import Excessive, Invalid
from iriai.repos.git.quarantine import Update

FLUSH = b"0000"
DELIMITER = b"0001"
PACKET_BYTES_MAX = 65_520
BAND_BYTES = 65_515
BAND_DATA, BAND_PROGRESS = 1, 2
COMMANDS_MAX = 2_000
REF_BYTES_MAX = 1_024
NO_SHA = "0" * 40
REASON_LENGTH_MAX = 400

_COMMAND = re.compile(rb"([0-9a-f]{40}) ([0-9a-f]{40}) (\S+)")
_SHALLOW = re.compile(rb"shallow [0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Order:
    """What a push asks for: its updates, and what its client can do."""

    updates: tuple[Update, ...]
    capabilities: frozenset[str]

    @property
    def brings_objects(self) -> bool:
        """Whether a pack follows: always, but for a push that only deletes."""
        return any(update.new is not None for update in self.updates)


def packet(data: bytes) -> bytes:
    """One packet."""
    if len(data) + 4 > PACKET_BYTES_MAX:
        raise ValueError("A packet is too long.")
    return b"%04x" % (len(data) + 4) + data


def length_of(head: bytes) -> int:
    """The length that four bytes announce, themselves included; 0 is a flush."""
    try:
        length = int(head, 16)
    except ValueError:
        raise Invalid("This is not a request of git's: a packet has no length.") from None
    if length in (1, 2, 3) or length > PACKET_BYTES_MAX:
        raise Invalid("This is not a request of git's: a packet has an impossible length.")
    return length


def banded(band: int, data: bytes) -> Iterator[bytes]:
    """Data for one side band, in packets."""
    for start in range(0, len(data), BAND_BYTES):
        yield packet(bytes([band]) + data[start : start + BAND_BYTES])


def order(lines: Sequence[bytes]) -> Order:
    """What the packets before the first flush of a push ask for."""
    updates: list[Update] = []
    capabilities: frozenset[str] = frozenset()
    for line in lines:
        text, _, after = line.rstrip(b"\n").partition(b"\0")
        if _SHALLOW.fullmatch(text):
            continue  # where the client's history ends; what is missing is found out anyway
        if not updates:
            capabilities = frozenset(after.decode("ascii", "replace").split())
        updates.append(_update(text))
    if len(updates) > COMMANDS_MAX:
        raise Excessive(f"A push may change at most {COMMANDS_MAX:,} refs.")
    if len({update.name for update in updates}) != len(updates):
        raise Invalid("This push names a ref twice.")
    return Order(tuple(updates), capabilities)


def _update(text: bytes) -> Update:
    found = _COMMAND.fullmatch(text)
    if found is None or len(found[3]) > REF_BYTES_MAX:
        raise Invalid("This is not a request of git's: a line names no ref to change.")
    try:
        name = found[3].decode("utf-8")
    except UnicodeDecodeError:
        raise Invalid("The name of a ref must be UTF-8.") from None
    old, new = found[1].decode(), found[2].decode()
    return Update(name, None if old == NO_SHA else old, None if new == NO_SHA else new)


def advertisement(
    service: str, refs: Iterable[tuple[str, str]], capabilities: str, *, version: int = 0
) -> bytes:
    """The refs (name, sha) of a repository, in the words of protocol 0 and 1."""
    out = [packet(f"# service={service}\n".encode()), FLUSH]
    if version == 1:
        out.append(packet(b"version 1\n"))
    tail = f"\0{capabilities}"
    for name, sha in refs:
        out.append(packet(f"{sha} {name}{tail}\n".encode()))
        tail = ""
    if tail:
        out.append(packet(f"{NO_SHA} capabilities^{{}}{tail}\n".encode()))
    return b"".join([*out, FLUSH])


@dataclass(frozen=True, slots=True)
class Command:
    """A request of protocol 2: its name, what the client says of itself, and the arguments."""

    name: str
    capabilities: frozenset[str]
    arguments: tuple[str, ...]


def command(body: bytes) -> Command | None:
    """The one command that `body` is; None where it is something else, for git to judge."""
    sections: list[list[str]] = [[]]
    at = 0
    while at + 4 <= len(body):
        head = body[at : at + 4]
        at += 4
        if head == FLUSH:
            break
        if head == DELIMITER:
            sections.append([])
            continue
        end = at + length_of(head) - 4
        sections[-1].append(body[at:end].decode("utf-8", "replace").rstrip("\n"))
        at = end
    if at != len(body) or len(sections) > 2 or not sections[0]:  # noqa: PLR2004 - as the protocol
        return None
    name, *capabilities = sections[0]
    arguments = sections[1] if len(sections) > 1 else []
    if not name.startswith("command="):
        return None
    return Command(name.removeprefix("command="), frozenset(capabilities), tuple(arguments))


def listed(asked: Command, refs: Sequence[tuple[str, str, str]], head: str) -> bytes | None:
    """The answer to `ls-refs`: refs are (name, sha, commit). None where git must answer."""
    known = {"peel", "symrefs", "unborn"}
    prefixes = tuple(
        each.removeprefix("ref-prefix ") for each in asked.arguments if each not in known
    )
    unknown = [each for each in asked.arguments if not each.startswith("ref-prefix ")]
    if set(unknown) - known or "object-format=sha256" in asked.capabilities:
        return None
    symbolic = f" symref-target:{head}" if "symrefs" in asked.arguments else ""
    main = next((ref for ref in refs if ref[0] == head), None)
    lines = []
    if main is not None:
        lines.append(("HEAD", f"{main[1]} HEAD{symbolic}"))
    elif "unborn" in asked.arguments:
        lines.append(("HEAD", f"unborn HEAD{symbolic}"))
    for name, sha, commit in sorted(refs, key=lambda ref: ref[0].encode()):
        peeled = f" peeled:{commit}" if "peel" in asked.arguments and commit != sha else ""
        lines.append((name, f"{sha} {name}{peeled}"))
    chosen = [text for name, text in lines if not prefixes or name.startswith(prefixes)]
    return b"".join([*(packet(f"{text}\n".encode()) for text in chosen), FLUSH])


def report(unpacked: str | None, results: Iterable[tuple[str, str | None]]) -> bytes:
    """A push's report: why nothing was taken in (or None), and for each ref why it stays."""
    out = [packet(f"unpack {line(unpacked) if unpacked else 'ok'}\n".encode())]
    for name, reason in results:
        said = f"ng {name} {line(reason)}\n" if reason else f"ok {name}\n"
        out.append(packet(said.encode()))
    return b"".join([*out, FLUSH])


def line(text: str) -> str:
    """A sentence on one line, not too long for git to show."""
    return " ".join(text.split())[:REASON_LENGTH_MAX]
