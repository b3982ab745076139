"""Git's objects as bytes: trees, commits, tags, and the name that a content has."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone

from iriai.base.errors import Invalid
from iriai.repos.git.entries import FOLDER_MODE, Commit, Signature

OID_BYTES = 20
EMPTY_TREE = bytes.fromhex("4b825dc642cb6eb9a060e54bf8d69288fbee4904")
FOLDER = b"40000"

Row = tuple[bytes, bytes, bytes]
"""A line of a tree: mode in octal, name, object id (20 bytes)."""

_ROW = re.compile(rb"([0-7]{5,6}) ([^\0]+)\0(.{20})", re.DOTALL)
_PERSON = re.compile(r"(.*?) ?<([^<>]*)>(?: (-?\d{1,18}))?(?: ([+-]\d{4}))?.*")
_TIDY = re.compile(r"[\x00-\x1f<>\x7f]")


def object_id(kind: str, body: bytes) -> bytes:
    """The name of an object: the SHA-1 of its kind, length and content."""
    digest = hashlib.sha1(b"%s %d\0" % (kind.encode(), len(body)), usedforsecurity=False)
    digest.update(body)
    return digest.digest()


def parse_tree(raw: bytes) -> list[Row]:
    """The lines of a tree, in git's order."""
    return _ROW.findall(raw)


def row_key(row: Row) -> bytes:
    """What git sorts a tree by: a folder as if its name ended in a slash."""
    return row[1] + b"/" if row[0] == FOLDER else row[1]


def tree_bytes(rows: Iterable[Row]) -> bytes:
    """A tree of these lines, which are in git's order already."""
    return b"".join(b"%s %s\0%s" % row for row in rows)


def mode_bytes(mode: int) -> bytes:
    """A mode as trees spell it."""
    return FOLDER if mode == FOLDER_MODE else b"%o" % mode


def signature(name: str, email: str, at: datetime) -> Signature:
    """Who and when, without what would break a commit's header."""
    return Signature(
        _TIDY.sub("", name).strip() or "unknown",
        _TIDY.sub("", email).strip(),
        at.astimezone(UTC).replace(microsecond=0),
    )


def commit_bytes(
    tree: bytes, parents: Sequence[str], author: Signature, committer: Signature, message: str
) -> bytes:
    """A commit."""
    lines = [f"tree {tree.hex()}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {_person(author)}", f"committer {_person(committer)}", "", message]
    return "\n".join(lines).encode()


def tag_bytes(target: str, name: str, tagger: Signature, message: str) -> bytes:
    """An annotated tag of a commit."""
    head = f"object {target}\ntype commit\ntag {name}\ntagger {_person(tagger)}\n\n"
    return (head + message.rstrip("\n") + "\n").encode()


def parse_commit(sha: str, raw: bytes) -> Commit:
    """What a commit says. Bytes that are not UTF-8 are shown as replacement characters."""
    header, _, message = raw.partition(b"\n\n")
    fields: dict[str, list[str]] = {}
    for line in header.decode("utf-8", "replace").split("\n"):
        word, _, rest = line.partition(" ")
        fields.setdefault(word, []).append(rest)
    try:
        return Commit(
            sha=sha,
            tree=fields["tree"][0],
            parents=tuple(fields.get("parent", ())),
            author=_parse_person(fields["author"][0]),
            committer=_parse_person(fields["committer"][0]),
            message=message.decode("utf-8", "replace"),
        )
    except KeyError as error:
        raise Invalid(f"The commit {sha} has no {error.args[0]}.") from None


def tag_target(raw: bytes) -> tuple[str, str]:
    """What an annotated tag names: the id and the kind of an object."""
    found = re.match(rb"object ([0-9a-f]{40})\ntype (\w+)\n", raw)
    if found is None:
        raise Invalid("A tag names no object.")
    return found[1].decode(), found[2].decode()


def _person(who: Signature) -> str:
    return f"{who.name} <{who.email}> {int(who.at.timestamp())} +0000"


def _parse_person(text: str) -> Signature:
    found = _PERSON.fullmatch(text)
    if found is None:
        return Signature(text, "", datetime.fromtimestamp(0, UTC))
    name, email, seconds, offset = found.groups()
    return Signature(name, email, _moment(int(seconds or 0), offset or "+0000"))


def _moment(seconds: int, offset: str) -> datetime:
    minutes = int(offset[1:3]) * 60 + int(offset[3:5])
    zone = timezone(timedelta(minutes=min(minutes, 1439) * (-1 if offset[0] == "-" else 1)))
    try:
        return datetime.fromtimestamp(seconds, zone)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, UTC)
