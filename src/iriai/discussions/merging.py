"""What a pull request would change, what stands in its way, and the changes that merge it.

A pull request is merged as one commit on the branch it is for. What it changed since it left that
is taken file by file: untouched there, the file is taken as it is; changed on both sides, text is
merged by `git merge-file` where the changes lie apart; else the file is a conflict and is named.
"""

import subprocess
import tempfile
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from iriai.base.errors import HubError
from iriai.discussions.queries import Sides
from iriai.discussions.rules import Discussion, Event, EventKind
from iriai.repos.git.entries import (
    EXECUTABLE_MODE,
    FILE_MODE,
    FOLDER_MODE,
    Commit,
    File,
    Folder,
)
from iriai.repos.git.objects import Objects
from iriai.repos.operations import Add, Copy, DeleteFile, Operation

OWN_COMMITS_MAX = 1_000
KEY_DIGITS = 24
MERGED_BYTES_MAX = 1 << 20
MERGE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Merge:
    """How a pull request at `tip` goes into a branch at `base`. `fork` is where it left that."""

    base: str
    tip: str
    fork: str | None
    operations: tuple[Operation, ...]
    conflicts: tuple[str, ...]

    @property
    def is_unrelated(self) -> bool:
        """Whether the two have no history in common, so that nobody knows what was removed."""
        return self.fork is None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to merge."""
        return not self.operations and not self.conflicts


def merge(objects: Objects, base: str, tip: str) -> Merge:
    """Work out how `tip` goes into `base`."""
    fork = objects.fork(base, tip)
    removed: list[DeleteFile] = []
    put: dict[str, Operation] = {}
    conflicts: list[str] = []
    for path in objects.changed(fork, tip):
        match _merged(objects, path, fork, base, tip):
            case None:
                conflicts.append(path)
            case [DeleteFile() as one]:
                removed.append(one)
            case [one]:
                put[path] = one
    gone = {each.path for each in removed}
    conflicts += [path for path in put if _is_blocked(objects, base, path, gone)]
    # first what makes room: a file may come where a folder was
    return Merge(base, tip, fork, (*removed, *put.values()), tuple(sorted(conflicts)))


def proposed(objects: Objects, found: Discussion, sides: Sides) -> Merge | None:
    """What a pull request comes to; None where it, or the branch it is for, is gone.

    Of what was merged this is the commit that merged it, whatever was pushed afterwards.
    """
    if found.merge_sha is not None:
        before = objects.commit(found.merge_sha).parents or (sides.target,)
        return None if before[0] is None else merge(objects, before[0], found.merge_sha)
    if sides.tip is None or sides.target is None:
        return None
    return merge(objects, sides.target, sides.tip)


def commit_events(
    objects: Objects,
    base: str,
    tip: str | None,
    brought: Sequence[Event],
    *,
    is_unrelated: bool = False,
) -> list[Event]:
    """The commits of a pull request that its branch does not have, as events, newest first.

    Where the two have no history in common, its branch lacks all that was before the pull request
    too: then it is those that are known to have been brought. Each is by who `brought` it, and of
    when it came: what a commit itself says of its author is whatever was written there, and is told
    as that. Of whom the hub does not know, nobody is named.
    """
    listed = objects.only_in(tip, base, limit=OWN_COMMITS_MAX) if tip is not None else []
    newest = {str(each.data["oid"]) for each in brought}
    own = {each.sha: each for each in listed if not is_unrelated or each.sha in newest}
    came = _arrivals(objects, own, brought)
    return [_commit_event(commit, came.get(commit.sha)) for commit in own.values()]


def _commit_event(commit: Commit, came: Event | None) -> Event:
    data = {"subject": commit.title, "oid": commit.sha}
    author = came.author if came else None
    if commit.author.name != author:
        data["written_by"] = commit.author.name
    return Event(
        key=commit.sha[:KEY_DIGITS],
        kind=EventKind.COMMIT,
        author_id=came.author_id if came else None,
        author=author,
        at=came.at if came else commit.committer.at,
        data=data,
    )


def _arrivals(
    objects: Objects, own: Mapping[str, Commit], brought: Sequence[Event]
) -> dict[str, Event]:
    """With what each commit came first. What was pushed and is not there now is followed too."""
    came: dict[str, Event] = {}
    gone_left = OWN_COMMITS_MAX
    for each in brought:
        waiting = [str(each.data["oid"])]
        while waiting:
            sha = waiting.pop()
            if sha in came:
                continue
            came[sha] = each
            if sha in own:
                waiting += own[sha].parents
            elif gone_left:
                gone_left -= 1
                waiting += _parents(objects, sha)
    return came


def _parents(objects: Objects, sha: str) -> Sequence[str]:
    """The parents of a commit that may have been swept away meanwhile."""
    try:
        return objects.commit(sha).parents
    except HubError:
        return ()


def _merged(
    objects: Objects, path: str, fork: str | None, base: str, tip: str
) -> list[Operation] | None:
    """The operations that bring one file's change over; None where it cannot be done."""
    was, here, there = (_file(objects, sha, path) if sha else None for sha in (fork, base, tip))
    if _same(here, there):
        return []
    if _same(was, here):
        taken = Copy(path, path, tip) if there is not None else DeleteFile(path)
        return [taken]
    if was is None or here is None or there is None or any(f.lfs for f in (was, here, there)):
        return None
    mode = there.mode if here.mode == was.mode else here.mode
    if not {was.mode, here.mode, there.mode} <= {FILE_MODE, EXECUTABLE_MODE}:
        return None
    merged = _merged_text(objects, was, here, there)
    return None if merged is None else [Add(path, merged, executable=mode == EXECUTABLE_MODE)]


def _is_blocked(objects: Objects, base: str, path: str, gone: Container[str]) -> bool:
    """Whether a file cannot be where the branch has a folder, or lies under what is a file there.

    `gone`: what is removed from the branch before.
    """
    here = objects.find_entry(base, path)
    if isinstance(here, Folder):
        inside = objects.walk(here.oid, f"{path}/".encode())
        files = (key for key, mode, _ in inside if mode != FOLDER_MODE)
        return any(key.decode("utf-8", "replace") not in gone for key in files)
    above = (str(each) for each in PurePosixPath(path).parents)
    return here is None and any(
        _file(objects, base, each) is not None and each not in gone for each in above
    )


def _file(objects: Objects, sha: str, path: str) -> File | None:
    entries = objects.entries(sha, [path])
    return next((entry for entry in entries if isinstance(entry, File)), None)


def _same(one: File | None, other: File | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.oid, one.mode) == (other.oid, other.mode)


def _merged_text(objects: Objects, was: File, here: File, there: File) -> bytes | None:
    """The three-way merge of a text, or None where changes overlap or it is no text."""
    if max(each.size for each in (was, here, there)) > MERGED_BYTES_MAX:
        return None
    texts = [objects.blob(each.oid) for each in (here, was, there)]
    if any(b"\0" in text for text in texts):
        return None
    with tempfile.TemporaryDirectory(prefix="iriai-merge-") as folder:
        files = [Path(folder) / name for name in ("here", "was", "there")]
        for file, text in zip(files, texts, strict=True):
            file.write_bytes(text)
        done = subprocess.run(
            ["git", "merge-file", "--stdout", "-q", "--", *files],
            capture_output=True,
            check=False,
            timeout=MERGE_SECONDS,
        )
    return done.stdout if done.returncode == 0 else None
