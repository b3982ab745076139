"""Branches and tags are where the log says that they were last moved to.

Refs are no rows that are governed: they move with every commit, which says in its own event where
to. What an event says is held to the refs of what this commons has now. Where the log does not say
it, a ref counts as unknown until it moves again: a pull request begun without a commit, the
branches of a copy or of what came from elsewhere, history written anew, a private half that was
erased.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import func, select

from iriai.base import events
from iriai.base.events import Event
from iriai.base.ledger import Difference, beside
from iriai.base.ledger_entries import IMPORTED
from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.commons.tlog.queries import IN_PIECES
from iriai.identity.tables import Account, AccountName
from iriai.repos import subjects
from iriai.repos.rules import HEADS, MAIN, PULLS
from iriai.repos.tables import GoneCommit, RefRow, RepoName, RepoRow

CREATED, DELETED = "created", "deleted ref of"
MOVING = {
    CREATED: "sha",
    "created ref of": "sha",
    DELETED: "sha",
    "committed": "sha",
    "squashed": "sha",
    "pushed": "new",
}
"""Of each verb that moves a ref, the fact that says where to, or where it was."""
FORGETTING = ("moved", "duplicated", "erased large files of")
"""After these a repository's refs are where they were, or elsewhere; the log does not say."""


@dataclass(slots=True)
class _Heads:
    """Where the log says that refs are, by repository; None for one that was deleted."""

    at: dict[int, dict[str, str | None]] = field(default_factory=dict)

    def take(self, repo_id: int, verb: str, facts: Mapping[str, Any] | None) -> None:
        mine = self.at.setdefault(repo_id, {})
        fact = MOVING.get(verb)
        ref = MAIN if verb == CREATED else (facts or {}).get("ref")
        if facts is None or fact is None or ref is None or fact not in facts:
            mine.clear()
        else:
            mine[ref] = None if verb == DELETED else facts[fact]


@beside
def moved(tx: Tx, commons_id: int) -> Iterator[Difference]:
    """Where a ref of a repository of this commons is not where the log says."""
    here = _here(tx, commons_id)
    if not here:
        return
    said, gone = _said(tx, commons_id, here), _gone(tx)
    for repo_id, refs in _there(tx, here).items():
        for name, should in sorted(said.get(repo_id, {}).items()):
            found = refs.get(name)
            if (repo_id, should) in gone or _is_there(name, should, found):
                continue  # what was taken out of the history has moved what stood on it
            row = f"{repo_id}/{name}"
            what = "is gone" if found is None else "is elsewhere than the log says"
            what = "was deleted, the log says, and is there" if should is None else what
            yield Difference("refs", row, f"The ref {name} of {here[repo_id]} {what}.")


def _is_there(name: str, should: str | None, found: tuple[str, str] | None) -> bool:
    if should is None or found is None:
        return should is None and found is None
    if name.startswith((HEADS, PULLS)):
        return found == (should, should)
    return should in found  # a tag has an object of its own


def _here(tx: Tx, commons_id: int) -> dict[int, str]:
    """The repositories of this commons that are there, and what they are called."""
    lives_in = func.coalesce(Account.commons_id, events.HUB)
    asked = select(RepoRow.id, Account.name, RepoRow.name).join(
        Account, Account.id == RepoRow.owner_id
    )
    asked = asked.where(lives_in == commons_id, RepoRow.deleted_at.is_(None))
    return {number: f"{owner}/{name}" for number, owner, name in tx.connection.execute(asked)}


def _there(tx: Tx, here: Mapping[int, str]) -> dict[int, dict[str, tuple[str, str]]]:
    found: dict[int, dict[str, tuple[str, str]]] = {number: {} for number in here}
    asked = select(RefRow.repo_id, RefRow.name, RefRow.sha, RefRow.commit_sha)
    with tx.connection.execute(asked, execution_options=IN_PIECES) as rows:
        for repo_id, name, sha, commit in rows:
            if repo_id in found:
                found[repo_id][name] = (sha, commit)
    return found


def _said(tx: Tx, commons_id: int, here: Mapping[int, str]) -> dict[int, dict[str, str | None]]:
    """Where this log says that refs are."""
    heads, known = _Heads(), _Register(tx)
    verbs = (*MOVING, *FORGETTING, IMPORTED)
    asked = select(Event.verb, Event.subject, Event.entry, Event.private)
    asked = asked.where(Event.commons_id == commons_id, Event.verb.in_(verbs)).order_by(Event.id)
    with tx.connection.execute(asked, execution_options=IN_PIECES) as rows:
        for verb, subject, text, private in rows:
            if verb == IMPORTED:
                heads.at.clear()
                continue
            repo_id = known.repo(subject)
            if repo_id is not None and repo_id in here:
                heads.take(repo_id, verb, _facts(text, private))
    return heads.at


def _facts(text: str, private: str | None) -> Mapping[str, Any] | None:
    entry = orjson.loads(text)
    if "private" not in entry:
        facts: Mapping[str, Any] = entry["facts"]
        return facts
    return None if private is None else orjson.loads(private)


def _gone(tx: Tx) -> set[tuple[int, str | None]]:
    """The commits that were taken out of each repository's history."""
    asked = select(GoneCommit.repo_id, GoneCommit.sha)
    return {(row.repo_id, row.sha) for row in tx.connection.execute(asked)}


class _Register:
    """Which repository a subject names, or named: no name is given out twice."""

    def __init__(self, tx: Tx) -> None:
        names = tx.connection.execute(select(AccountName.name_key, AccountName.account_id))
        self.owners = {row.name_key: row.account_id for row in names}
        asked = select(RepoName.owner_id, RepoName.kind, RepoName.key, RepoName.repo_id)
        self.repos = {tuple(row[:3]): row[3] for row in tx.connection.execute(asked)}

    def repo(self, subject: str) -> int | None:
        place = subjects.place(subject)
        if place is None or place.kind is None:
            return None if place is None else place.repo_id
        owner, _, name = place.full_name.partition("/")
        return self.repos.get((self.owners.get(fold(owner)), place.kind.value, fold(name)))
