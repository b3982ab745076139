"""Who may say what, where, and what becomes of it. Pure.

Discussions and pull requests of a repository share one series of numbers. A pull request begins as
a *draft*, unless it is opened from a page; opening it publishes it. What was said stays: a comment
is edited with its history kept, or hidden with a reason, and nothing is deleted silently.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from iriai.base.errors import Conflict, Denied, Invalid, Unknown
from iriai.base.names import NAME_LENGTH_MAX
from iriai.identity.rules import Actor
from iriai.repos import rules as repos
from iriai.repos.rules import HEADS, PULLS, HeldBy, Repo

TITLE_LENGTH_MIN = 3
TITLE_LENGTH_MAX = 200
COMMENT_LENGTH_MAX = 65_536
REASON_LENGTH_MAX = 500
EVENTS_MAX = 5_000
ENTRIES_MAX = 2_000
"""With so many a discussion is full; it can still be closed up: hidden, locked, merged."""
EDITS_MAX = 100
PAGE_LENGTH = 50
NUMBER_DIGITS_MAX = 9
CALLED = re.compile(
    r"(?<![\w/@#&.`-])"
    rf"(?:@(?P<name>(?>\w(?:[\w.-]{{0,{NAME_LENGTH_MAX - 2}}}\w)?))(?![\w/@])"
    rf"|#(?P<number>[1-9][0-9]{{0,{NUMBER_DIGITS_MAX - 1}}})(?![\w#]))"
)
"""Somebody called by `@name`, or a discussion by `#number`, in text that stands by itself."""


class Status(StrEnum):
    """Where a discussion or pull request stands."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


class EventKind(StrEnum):
    """What can happen in a discussion, in the words of the clients."""

    COMMENT = "comment"
    STATUS = "status-change"
    COMMIT = "commit"
    TITLE = "title-change"
    LOCK = "lock-change"


@dataclass(frozen=True, slots=True)
class Discussion:
    """A discussion or pull request. `author` is None once the account is gone."""

    id: int
    repo_id: int
    number: int
    is_pull_request: bool
    title: str
    status: Status
    author_id: int | None
    author: str | None
    created_at: datetime
    updated_at: datetime
    comments: int
    base: str
    merge_sha: str | None
    locked_reason: str | None

    @property
    def ref(self) -> str:
        """The ref that a pull request's commits are pushed to."""
        return f"{PULLS}{self.number}"

    @property
    def target(self) -> str:
        """The name of the branch that a pull request is for."""
        return self.base.removeprefix(HEADS)

    @property
    def is_over(self) -> bool:
        """Whether it is closed or merged."""
        return self.status in (Status.CLOSED, Status.MERGED)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a discussion. `data` is as the clients read it, times apart."""

    key: str
    kind: EventKind
    author_id: int | None
    author: str | None
    at: datetime
    data: dict[str, Any]


def clean_title(title: str) -> str:
    """A title fit to be kept, or `Invalid`."""
    cleaned = " ".join(title.split())
    if not TITLE_LENGTH_MIN <= len(cleaned) <= TITLE_LENGTH_MAX:
        raise Invalid(f"A title has {TITLE_LENGTH_MIN} to {TITLE_LENGTH_MAX} characters.")
    return cleaned


def fitted_title(title: str) -> str:
    """A title made of a commit's first line, however short or long that is."""
    cleaned = " ".join(title.split())[:TITLE_LENGTH_MAX]
    return cleaned if len(cleaned) >= TITLE_LENGTH_MIN else f"Commit: {cleaned}"


def clean_comment(text: str) -> str:
    """A comment fit to be kept, or `Invalid`."""
    cleaned = text.replace("\r\n", "\n").strip()
    if not cleaned:
        raise Invalid("A comment says something.")
    if len(cleaned) > COMMENT_LENGTH_MAX:
        raise Invalid(f"A comment has at most {COMMENT_LENGTH_MAX:,} characters.")
    return cleaned


def clean_reason(text: str) -> str:
    """A reason that can be shown, or `Invalid`."""
    cleaned = " ".join(text.split())
    if not cleaned:
        raise Invalid("Give a reason; it is shown and logged.")
    if len(cleaned) > REASON_LENGTH_MAX:
        raise Invalid(f"A reason has at most {REASON_LENGTH_MAX} characters.")
    return cleaned


def require_may_open(actor: Actor, repo: Repo) -> None:
    """Whoever may read a repository and is signed in may speak about it, where that is enabled."""
    repos.require_propose(actor, repo)
    if repo.discussions_disabled:
        raise Denied("Discussions are disabled for this repository.", code="DiscussionsDisabled")


def require_may_comment(actor: Actor, repo: Repo, discussion: Discussion) -> None:
    """A locked discussion is for those who write to the repository."""
    require_may_open(actor, repo)
    require_unlocked(actor, repo, discussion)


def require_may_steer(actor: Actor, repo: Repo, discussion: Discussion) -> None:
    """Title and status are changed by who opened the discussion and by those who write."""
    require_may_comment(actor, repo, discussion)
    if actor.id != discussion.author_id and not repos.may_write(actor, repo):
        raise Denied("Only its author, or somebody who may write here, can do that.")


def require_may_moderate(actor: Actor, repo: Repo) -> None:
    """Inside their own repository those who write may lock and hide, and say why."""
    repos.require_write(actor, repo)


def require_room(entries: int) -> None:
    """A discussion that everybody reads whole has an end."""
    if entries >= ENTRIES_MAX:
        raise Conflict(
            f"This discussion is full: it has {ENTRIES_MAX:,} entries. Begin another one, and name "
            "this one there.",
            code="DiscussionFull",
        )


def require_may_edit(actor: Actor, event: Event, *, edits: int) -> None:
    """A comment is edited by who wrote it, so many times, and not once it is hidden."""
    if event.author_id is None or event.author_id != actor.id:
        raise Denied("Only its author can edit a comment.")
    if event.data.get("hidden"):
        raise Conflict("A hidden comment is not edited.")
    if edits >= EDITS_MAX:
        raise Conflict(f"A comment is edited at most {EDITS_MAX} times.")


def require_may_hide(actor: Actor, repo: Repo, event: Event) -> None:
    """A comment is hidden by who wrote it, or by those who write to the repository, and once.

    Who hid it and why stays as it was said: neither its author nor another says it anew.
    """
    if event.author_id is None or event.author_id != actor.id:
        require_may_moderate(actor, repo)
    if event.data.get("hidden"):
        raise Conflict("This comment is hidden already.")


def next_status(discussion: Discussion, wanted: str) -> Status:
    """The status asked for, where it can be reached from here."""
    if wanted not in (Status.OPEN, Status.CLOSED):
        raise Invalid('A status is "open" or "closed".')
    if discussion.status is Status.MERGED:
        raise Conflict("A merged pull request stays merged.")
    if discussion.status == wanted:
        raise Conflict(f"This is {wanted} already.")
    return Status(wanted)


def require_not_over(discussion: Discussion) -> None:
    """What was closed or merged is not merged."""
    if discussion.is_over:
        raise Conflict(f"This pull request is {discussion.status} already.")


def require_may_merge(actor: Actor, repo: Repo) -> None:
    """Merging is for those who write; of what a commons holds its charter says who may."""
    if repo.held_by is not HeldBy.COMMONS and not repos.may_write(actor, repo):
        raise Denied(
            f"A pull request is merged by those who may write to {repo.full_name}.",
            code="Forbidden",
        )


def require_takes_commits(actor: Actor, repo: Repo, discussion: Discussion) -> None:
    """What is over takes no more commits, and what is locked only of those who write.

    What was merged stays as it was shown then; what is closed may be opened again.
    """
    if discussion.status is Status.MERGED:
        raise Conflict(
            f"Pull request {discussion.number} is merged, and stays as it was: open another for "
            "what comes after."
        )
    if discussion.status is Status.CLOSED:
        raise Conflict(f"Pull request {discussion.number} is closed: open it again first.")
    require_unlocked(actor, repo, discussion)


def require_unlocked(actor: Actor, repo: Repo, discussion: Discussion) -> None:
    """A locked discussion goes on for those who write to the repository alone."""
    if discussion.locked_reason is not None and not repos.may_write(actor, repo):
        raise Denied(f"This discussion is locked: {discussion.locked_reason}", code="Locked")


def require_mergeable(discussion: Discussion, conflicts: list[str]) -> None:
    """An open pull request without conflicts can be merged."""
    if not discussion.is_pull_request:
        raise Invalid("Only a pull request can be merged.")
    require_not_over(discussion)
    if discussion.status is Status.DRAFT:
        raise Conflict("A draft is published before it is merged: set its status to open.")
    if conflicts:
        listed = ", ".join(conflicts[:10])
        raise Conflict(f"These files changed on both sides: {listed}.", code="MergeConflict")


def unrelated(discussion: Discussion) -> Conflict:
    """What a pull request changes cannot be told where its branch was begun anew."""
    return Conflict(
        f"This pull request and {discussion.target} have no history in common any more, so that it "
        "cannot be told what it removes: open another one from the branch as it is now.",
        code="NoCommonHistory",
    )


def target_gone(discussion: Discussion) -> Conflict:
    """Nothing is merged into a branch that is not there any more."""
    return Conflict(
        f"The branch {discussion.target}, which this pull request is for, is there no more: make "
        "it anew, or open another pull request.",
        code="TargetGone",
    )


def unknown_discussion() -> Unknown:
    """There is no discussion of this number."""
    return Unknown("There is no such discussion.", code="DiscussionNotFound")


def as_held(data: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What is kept of an event as it may be shown: under a hold its text is hidden, until then."""
    held = data.get("held")
    if not held or datetime.fromisoformat(held["until"]) <= now:
        return data
    return {**data, "hidden": True, "hidden_by": "the commons", "reason": held["reason"]}
