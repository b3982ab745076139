"""One repository's objects and its history: log, differences, who touched what last."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from pygit2.enums import SortMode

from iriai.repos.git import formats
from iriai.repos.git.diffs import Leaf, changed_leaves, hunks, unified
from iriai.repos.git.entries import SUBMODULE_MODE, Change, Commit, Diff, File, Folder
from iriai.repos.git.reading import Page, Reading
from iriai.repos.git.recent import Recent

__all__ = ["Objects", "Page"]

LOG_LENGTH_MAX = 1_000
WALK_LENGTH_MAX = 20_000
LAST_COMMITS_WALK_MAX = 5_000
DIFF_FILES_MAX = 300
DIFF_BYTES_MAX = 512 << 10
DIFF_BYTES_TOTAL_MAX = 8 << 20
CHANGED_PATHS_MAX = 100_000
FOLDERS_REMEMBERED = 2_000

FORKS_REMEMBERED = 2_000

_forks: Recent[tuple[str, str, str], tuple[str]] = Recent(FORKS_REMEMBERED)
_touched: Recent[tuple[str, str, str], dict[str, Commit]] = Recent(FOLDERS_REMEMBERED)


@dataclass(frozen=True, slots=True)
class _Rows:
    oid: str | None
    lines: frozenset[formats.Row]


class Objects(Reading):
    """The objects of one repository. Safe for many threads."""

    def commits(self, sha: str) -> Iterator[Commit]:
        """A commit and all before it, each before its parents, newest first among equals."""
        waiting, seen = [self.commit(sha)], {sha}
        while waiting:
            newest = max(range(len(waiting)), key=lambda at: waiting[at].committer.at)
            commit = waiting.pop(newest)
            yield commit
            for parent in commit.parents:
                if parent not in seen:
                    seen.add(parent)
                    waiting.append(self.commit(parent))

    def fork(self, one: str, other: str) -> str | None:
        """The newest commit that both have behind them; None where they share no history."""
        key = (self._space, one, other)
        known = _forks.get(key)
        if known is None:
            self.commit(one), self.commit(other)  # `Unknown` where one is not there
            found = self._sought(lambda: self._repository.merge_base(one, other))
            known = ("",) if found is None else (str(found),)
            _forks.put(key, known)
        return known[0] or None

    def only_in(self, tip: str, base: str, *, limit: int) -> list[Commit]:
        """The commits behind `tip` that are not behind `base`, each before its parents."""
        self.commit(tip), self.commit(base)
        found = self._sought(lambda: self._walked(tip, base, limit))
        return [self.commit(sha) for sha in found or ()]

    def _walked(self, tip: str, base: str, limit: int) -> list[str]:
        walk = self._repository.walk(tip, SortMode.TOPOLOGICAL | SortMode.TIME)
        walk.hide(base)
        return [str(each.id) for each in islice(walk, limit)]

    def log(
        self, sha: str, *, limit: int = 50, after: str | None = None, path: str | None = None
    ) -> list[Commit]:
        """Commits from `sha` back, newest first: those that touched `path`, those after `after`."""
        found: list[Commit] = []
        skipping = after is not None
        for count, commit in enumerate(self.commits(sha)):
            if len(found) >= min(limit, LOG_LENGTH_MAX) or count >= WALK_LENGTH_MAX:
                break
            if not skipping and (not path or self._touches(commit, path)):
                found.append(commit)
            if commit.sha == after:
                skipping = False
        return found

    def count(self, sha: str) -> int:
        """How many commits there are up to `sha`, counted no further than `WALK_LENGTH_MAX`."""
        return sum(1 for _ in islice(self.commits(sha), WALK_LENGTH_MAX))

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether `older` is `newer` or before it, as far as the walk goes."""
        walk = islice(self.commits(newer), WALK_LENGTH_MAX)
        return any(commit.sha == older for commit in walk)

    def _touches(self, commit: Commit, path: str) -> bool:
        here = self._looked_up(commit.tree, path)
        if not commit.parents:
            return here is not None
        return here != self._looked_up(self.commit(commit.parents[0]).tree, path)

    def last_commits(self, sha: str, folder: str = "") -> dict[str, Commit]:
        """The commit that last changed each name of a folder, by one walk of first parents."""
        known = _touched.get((self._space, sha, folder))
        if known is None:
            known = self._last_commits(sha, folder)
            _touched.put((self._space, sha, folder), known)
        return known

    def _last_commits(self, sha: str, folder: str) -> dict[str, Commit]:
        commit = self.commit(sha)
        rows = self._rows(commit, folder, None)
        wanted = {row[1] for row in rows.lines}
        found: dict[str, Commit] = {}
        for _ in range(LAST_COMMITS_WALK_MAX):
            parent = self.commit(commit.parents[0]) if commit.parents else None
            before = self._rows(parent, folder, rows)
            if before is not rows:
                for name in wanted & {row[1] for row in rows.lines - before.lines}:
                    found[name.decode("utf-8", "replace")] = commit
                    wanted.discard(name)
            if parent is None or not wanted:
                break
            commit, rows = parent, before
        for name in wanted:  # older than the walk goes: the last one seen stands for them
            found[name.decode("utf-8", "replace")] = commit
        return found

    def _rows(self, commit: Commit | None, folder: str, known: "_Rows | None") -> "_Rows":
        """The lines of a folder at a commit; `known` itself where they are the same."""
        entry = self._looked_up(commit.tree, folder) if commit else None
        oid = entry.oid if isinstance(entry, Folder) else None
        if known is not None and known.oid == oid:
            return known
        return _Rows(oid, frozenset(formats.parse_tree(self.raw(oid)) if oid else ()))

    # -- differences -------------------------------------------------------------------------------

    def changed(self, old: str | None, new: str) -> list[str]:
        """The paths that differ between two commits; `old` of None is an empty tree."""
        return [path.decode("utf-8", "replace") for path, _, _ in self._leaves(old, new)]

    def diff(
        self,
        old: str | None,
        new: str,
        *,
        path: str | None = None,
        hidden: Container[str] = frozenset(),
    ) -> Diff:
        """What differs between two commits, file by file; a moved file is one change.

        Of `hidden` paths no line is read.
        """
        leaves = [each for each in self._leaves(old, new) if not path or each[0] == path.encode()]
        paired = _renames(leaves)
        changes: list[Change] = []
        budget = DIFF_BYTES_TOTAL_MAX
        for was, now in paired[:DIFF_FILES_MAX]:
            if any(side is not None and side[0] in hidden for side in (was, now)):
                changes.append(Change(self._side(was), self._side(now), None))
                continue
            change, read = self._change(was, now, budget)
            budget -= read
            changes.append(change)
        return Diff(
            changes=tuple(changes),
            files=len(paired),
            additions=sum(each.additions for each in changes),
            deletions=sum(each.deletions for each in changes),
        )

    def patch(self, old: str | None, new: str, *, hidden: Container[str] = frozenset()) -> str:
        """The same as one text, as `git diff` writes it."""
        return "".join(
            unified(
                change.old.path if change.old else None,
                change.new.path if change.new else None,
                change.hunks,
            )
            for change in self.diff(old, new, hidden=hidden).changes
        )

    def _leaves(
        self, old: str | None, new: str
    ) -> Iterator[tuple[bytes, Leaf | None, Leaf | None]]:
        before = self.commit(old).tree if old else None
        leaves = changed_leaves(self.raw, before, self.commit(new).tree)
        return islice(leaves, CHANGED_PATHS_MAX)

    def _change(
        self, was: tuple[str, Leaf] | None, now: tuple[str, Leaf] | None, budget: int
    ) -> tuple[Change, int]:
        """One file that differs, and how many bytes were read to say how."""
        old, new = self._side(was), self._side(now)
        sizes = [self.blob_size(file.oid) for file in (old, new) if file and _is_blob(file)]
        pure_rename = old is not None and new is not None and old.oid == new.oid
        if pure_rename:
            return Change(old, new, ()), 0
        if sum(sizes) > min(DIFF_BYTES_MAX, budget) or not all(
            _is_blob(file) for file in (old, new) if file
        ):
            return Change(old, new), 0
        texts = [self.raw(file.oid) if file else b"" for file in (old, new)]
        found, added, removed = hunks(texts[0], texts[1])
        return Change(old, new, found, added, removed), sum(sizes)

    def _side(self, side: tuple[str, Leaf] | None) -> File | None:
        if side is None:
            return None
        entry = self._entry(side[0], *side[1])
        return entry if isinstance(entry, File) else None


Pair = tuple[tuple[str, Leaf] | None, tuple[str, Leaf] | None]


def _is_blob(file: File) -> bool:
    return file.mode != SUBMODULE_MODE  # a submodule's commit is elsewhere


def _renames(leaves: Sequence[tuple[bytes, Leaf | None, Leaf | None]]) -> list[Pair]:
    """Pairs of old and new sides; a file that went and came back under another name is one pair."""
    gone: dict[str, list[int]] = {}
    for at, (_, was, now) in enumerate(leaves):
        if was is not None and now is None:
            gone.setdefault(was[1], []).append(at)
    used: set[int] = set()
    pairs: dict[int, Pair] = {}
    for at, (path, was, now) in enumerate(leaves):
        name = path.decode("utf-8", "replace")
        if was is None and now is not None and gone.get(now[1]):
            source = gone[now[1]].pop(0)
            used.add(source)
            old_path, old, _ = leaves[source]
            pairs[at] = (
                (old_path.decode("utf-8", "replace"), old) if old else None,
                (name, now),
            )
        else:
            pairs[at] = ((name, was) if was else None, (name, now) if now else None)
    return [pair for at, pair in pairs.items() if at not in used]
