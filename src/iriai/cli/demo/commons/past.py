"""Half a year in a few seconds: a clock that is moved, and how far the story has been told.

The story is told before the hub is started, so that what its clock says is never later than what
the hub's own says. Where it was interrupted it goes on, by the same calendar.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from iriai.base import clock

BETWEEN_ACTS = timedelta(minutes=7)


@dataclass
class Past:
    """A clock that stands wherever the story is, as so many days before it began to be told."""

    told_at: datetime
    moment: datetime = field(default=datetime.min.replace(tzinfo=UTC))

    def __call__(self) -> datetime:
        """What time it is in the story."""
        return self.moment

    def go_to(self, days_ago: float) -> None:
        """Stand at this day of the story."""
        self.moment = self.told_at - timedelta(days=days_ago)

    def pass_(self) -> None:
        """Let a little time go by, as between two things that people do."""
        self.moment = min(self.moment + BETWEEN_ACTS, self.told_at)


@dataclass
class Memory:
    """Which chapters have been told, kept in a file beside the story's data."""

    path: Path
    told_at: datetime
    told: list[str] = field(default_factory=list)
    begun: str = ""
    """The chapter that was being told when it was interrupted, if it was."""

    @classmethod
    def of(cls, path: Path) -> "Memory":
        """What is remembered; a story that has not begun is told as of now."""
        if not path.is_file():
            return cls(path, clock.now())
        kept = json.loads(path.read_text(encoding="utf-8"))
        return cls(path, datetime.fromisoformat(kept["told_at"]), list(kept["told"]), kept["begun"])

    def begin(self, chapter: str) -> bool:
        """Note that a chapter begins; true where it was begun before."""
        is_again, self.begun = self.begun == chapter, chapter
        self._keep()
        return is_again

    def end(self, chapter: str) -> None:
        """Note that a chapter has been told."""
        self.told.append(chapter)
        self._keep()

    def _keep(self) -> None:
        fresh = self.path.with_suffix(".partial")
        said = {"told_at": self.told_at.isoformat(), "told": self.told, "begun": self.begun}
        fresh.write_text(f"{json.dumps(said)}\n", encoding="utf-8")
        fresh.replace(self.path)
