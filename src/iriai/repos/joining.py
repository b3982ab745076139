"""Which of a repository's packs are to be joined, and when: decided by their number and size."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import select

from iriai.base.tx import Tx
from iriai.repos.tables import PackRow

PACKS_MAX = 50
SMALL_BYTES_MAX = 24 << 20
RATIO = 2
QUIET = timedelta(seconds=5)


class LivePack(NamedTuple):
    """A pack that is live, and how heavy it is."""

    name: str
    size: int


def to_join(packs: Sequence[LivePack]) -> list[LivePack]:
    """The packs to make one of: all but the largest that outweigh what is smaller. Pure."""
    ordered = sorted(packs, key=lambda pack: (pack.size, pack.name))
    below = [0]
    for pack in ordered:
        below.append(below[-1] + pack.size)
    end = len(ordered)
    while end > 1 and ordered[end - 1].size >= RATIO * below[end - 1]:
        end -= 1
    return ordered[:end] if end > 1 else []


def is_due(packs: Sequence[LivePack]) -> bool:
    """Whether there are too many packs, or too much in small ones. Pure."""
    joined = to_join(packs)
    return len(packs) > PACKS_MAX or (
        len(joined) > PACKS_MAX // 5 and sum(pack.size for pack in joined) > SMALL_BYTES_MAX
    )


def live(tx: Tx, repo_id: int) -> list[LivePack]:
    """The packs of a repository that are live."""
    asked = select(PackRow.name, PackRow.bytes).where(
        PackRow.repo_id == repo_id, PackRow.retired_at.is_(None)
    )
    return [LivePack(*row) for row in tx.connection.execute(asked)]


def ask_for(tx: Tx, repo_id: int) -> None:
    """Ask for compaction where it is due; to be called when a pack was added."""
    if is_due(live(tx, repo_id)):
        tx.enqueue("repos.compact", {"repo_id": repo_id}, key=f"compact:{repo_id}", delay=QUIET)
