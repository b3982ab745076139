"""What differs between two trees, and between two texts."""

from collections.abc import Callable, Iterator

import pygit2
from pygit2.enums import DiffFlag

from iriai.repos.git.entries import FOLDER_MODE, Hunk, Line
from iriai.repos.git.formats import parse_tree, row_key

LINE_LENGTH_MAX = 2_000
CONTEXT_LINES = 3

Leaf = tuple[int, str]
"""A mode and an object id."""


def changed_leaves(
    raw: Callable[[str], bytes], old: str | None, new: str | None, prefix: bytes = b""
) -> Iterator[tuple[bytes, Leaf | None, Leaf | None]]:
    """Path, old and new leaf of every file that differs between two trees, in git's order."""
    if old == new:
        return
    before = {row_key(row): row for row in parse_tree(raw(old))} if old else {}
    after = {row_key(row): row for row in parse_tree(raw(new))} if new else {}
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was == now:
            continue
        sides = [(int(row[0], 8), row[2].hex()) if row else None for row in (was, now)]
        if key.endswith(b"/"):
            inner = [side[1] if side and side[0] == FOLDER_MODE else None for side in sides]
            yield from changed_leaves(raw, inner[0], inner[1], prefix + key)
        else:
            yield prefix + key, sides[0], sides[1]


def hunks(old: bytes, new: bytes) -> tuple[tuple[Hunk, ...] | None, int, int]:
    """The changed lines, how many were added and how many removed; None for binary contents."""
    patch = pygit2.Patch.create_from(old, new, context_lines=CONTEXT_LINES)
    if patch.delta.flags & DiffFlag.BINARY:
        return None, 0, 0
    _, added, removed = patch.line_stats
    found = tuple(
        Hunk(each.header.rstrip("\n"), tuple(_line(line) for line in each.lines))
        for each in patch.hunks
    )
    return found, added, removed


def unified(old_path: str | None, new_path: str | None, found: tuple[Hunk, ...] | None) -> str:
    """One file of a patch, as `git diff` writes it."""
    a, b = old_path or new_path, new_path or old_path
    lines = [f"diff --git a/{a} b/{b}"]
    if old_path is None:
        lines.append("new file mode 100644")
    if new_path is None:
        lines.append("deleted file mode 100644")
    if old_path and new_path and old_path != new_path:
        lines += [f"rename from {old_path}", f"rename to {new_path}"]
    before = f"a/{old_path}" if old_path else "/dev/null"
    after = f"b/{new_path}" if new_path else "/dev/null"
    if found is None:
        lines.append(f"Binary files {before} and {after} differ")
    elif found:
        lines += [f"--- {before}", f"+++ {after}"]
        for hunk in found:
            lines.append(hunk.header)
            lines += [line.origin + line.text for line in hunk.lines]
    return "\n".join(lines) + "\n"


def _line(line: pygit2.DiffLine) -> Line:
    if line.origin not in " +-":
        return Line("\\", None, None, " No newline at end of file")
    text = line.content.rstrip("\n")
    return Line(
        line.origin,
        line.old_lineno if line.old_lineno > 0 else None,
        line.new_lineno if line.new_lineno > 0 else None,
        text if len(text) <= LINE_LENGTH_MAX else text[:LINE_LENGTH_MAX] + "…",
    )
