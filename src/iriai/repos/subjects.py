"""What the subjects of the log name, where that is a repository or a part of one. Pure.

A repository that everyone may know of is named by its address, a private one by its number alone.
"""

import re
from dataclasses import dataclass

from iriai.repos.rules import Kind

_PART = re.compile(r"/discussions/(\d{1,9})(?:/comment/([0-9a-f]{24}))?$")
_PRIVATE = re.compile(r"\d{1,18}")


@dataclass(frozen=True, slots=True)
class Place:
    """A repository by number or by address, and perhaps a discussion or a comment in it."""

    repo_id: int | None
    kind: Kind | None
    full_name: str
    discussion: int | None = None
    comment: str | None = None


def place(subject: str) -> Place | None:
    """What the subject of an entry names; None where that is something else."""
    what, slash, rest = subject.partition("/")
    if what != "repo" or not slash:
        return None
    discussion = comment = None
    if part := _PART.search(rest):
        discussion, comment = int(part[1]), part[2]
        rest = rest[: part.start()]
    if _PRIVATE.fullmatch(rest):
        return Place(int(rest), None, "", discussion, comment)
    kind = next((each for each in Kind if each.prefix and rest.startswith(each.prefix)), Kind.MODEL)
    full_name = rest.removeprefix(kind.prefix)
    if full_name.count("/") != 1:
        return None
    return Place(None, kind, full_name, discussion, comment)
