"""What a report is about: words of an address into a person, a repository, a file or a comment.

The words are those of the log: `account/bob`, `repo/datasets/ada/tales`, that with `/file/a.csv`,
or with `/discussions/3/comment/…`. What somebody may not know of is not there to be reported.
"""

from dataclasses import dataclass

from sqlalchemy import select

from iriai.base.errors import Invalid, Unknown
from iriai.base.events import HUB
from iriai.base.tx import Tx
from iriai.commons.cases.rules import Concern
from iriai.discussions.tables import DiscussionEvent, DiscussionRow
from iriai.identity import queries as people
from iriai.identity.rules import Actor
from iriai.repos import guarded, past
from iriai.repos import rules as repo_rules
from iriai.repos.rules import HeldBy, Repo
from iriai.repos.subjects import Place, place

SUBJECT_LENGTH_MAX = 1_200
FILE = "/file/"


@dataclass(frozen=True, slots=True)
class Found:
    """What is reported, and which commons hears it: that of the place where it happened."""

    concern: Concern
    subject: str
    commons_id: int
    account_id: int | None
    repo: Repo | None = None
    path: str = ""
    place: Place | None = None

    @property
    def address(self) -> str:
        """Where it can be seen, as a path on the hub."""
        if self.repo is None:
            return "/" + self.subject.removeprefix("account/")
        if self.concern is Concern.FILE:
            return f"/{self.repo.address}/blob/main/{self.path}"
        if self.place is not None and self.place.discussion is not None:
            return f"/{self.repo.address}/discussions/{self.place.discussion}"
        return f"/{self.repo.address}"


def found(tx: Tx, viewer: Actor | None, subject: str, *, commons_id: int | None = None) -> Found:
    """What these words name, as far as `viewer` may know of it; None sees everything."""
    if len(subject) > SUBJECT_LENGTH_MAX or "\0" in subject:
        raise Invalid("This is not the address of anything on this hub.")
    what, _slash, rest = subject.partition("/")
    if what == "account":
        return _person(tx, rest, commons_id)
    if what != "repo":
        raise Invalid(
            "Say what it is about: account/NAME, repo/OWNER/NAME, repo/datasets/OWNER/NAME, and "
            "for a file /file/PATH after that."
        )
    return _thing(tx, viewer, subject)


def _person(tx: Tx, name: str, commons_id: int | None) -> Found:
    account = people.account(tx, name)
    if account.is_organisation:
        raise Invalid("Report what was done, or by whom; an organisation is many people.")
    heard = commons_id if commons_id is not None else HUB
    return Found(Concern.PERSON, f"account/{account.name}", heard, account.id)


def _thing(tx: Tx, viewer: Actor | None, subject: str) -> Found:
    named, is_file, path = subject.partition(FILE)
    where = place(named)
    repo = None if where is None else past.repo_at(tx, where)
    if where is None or repo is None or not (viewer is None or repo_rules.may_see(viewer, repo)):
        raise repo_rules.unknown_repo()
    if is_file:
        path = repo_rules.clean_path(path)
        guarded.require_rules_stay(repo, [path], hub=tx.ground.settings.url)
        subject = f"{repo.subject}{FILE}{path}"
        return Found(Concern.FILE, subject, repo.commons_id, _keeper(repo), repo, path, where)
    if where.discussion is None:
        guarded.require_ordinary(repo, hub=tx.ground.settings.url, act="the matter of a case")
        return Found(
            Concern.REPOSITORY, repo.subject, repo.commons_id, _keeper(repo), repo, "", where
        )
    author, words = _said(tx, repo, where)
    return Found(Concern.COMMENT, words, repo.commons_id, author, repo, "", where)


def _keeper(repo: Repo) -> int | None:
    """Whom a case about a repository concerns: whose it is, or else who made it."""
    return repo.owner_id if repo.held_by is HeldBy.PERSON else repo.creator_id


def _said(tx: Tx, repo: Repo, where: Place) -> tuple[int | None, str]:
    """Who said it, and how it is named: a comment, or the whole discussion by its author."""
    asked = select(DiscussionRow.id, DiscussionRow.author_id).where(
        DiscussionRow.repo_id == repo.id, DiscussionRow.number == where.discussion
    )
    row = tx.connection.execute(asked).one_or_none()
    if row is None:
        raise Unknown("There is no such discussion.", code="DiscussionNotFound")
    words = f"{repo.subject}/discussions/{where.discussion}"
    if where.comment is None:
        return row.author_id, words
    said = select(DiscussionEvent.author_id).where(
        DiscussionEvent.discussion_id == row.id, DiscussionEvent.key == where.comment
    )
    author = tx.connection.execute(said).scalar_one_or_none()
    if author is None:
        raise Unknown("There is no such comment.", code="CommentNotFound")
    return author, f"{words}/comment/{where.comment}"
