"""Branches and tags are where the log says that they were last moved to.

Refs are no rows that are governed: they move with every commit, which says in its own event where
to. What an event says is held to the refs of what this commons has now. Where a repository came
from elsewhere or its history was written anew, the entry has all refs (`repos.records`): from there
on, as from the entry that made it, a branch or tag of which the log says nothing is named too.

Nor are the hashes of its tree: these are held to each other.

Where the log does not say it, a ref counts as unknown until it moves again: a pull request begun
without a commit, what entries of older hubs leave out, a private half that was erased.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import func, select

from iriai.base import events, events_check
from iriai.base.events import Event
from iriai.base.ledger import Difference, beside
from iriai.base.ledger_entries import IMPORTED
from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.commons.tlog.queries import IN_PIECES
from iriai.identity.tables import Account, AccountName
from iriai.repos import subjects
from iriai.repos.records import refs_digest
from iriai.repos.rules import HEADS, MAIN, PULLS, TAGS
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
TAGGED = {"created ref of": ("tag", "sha"), "pushed": ("new", "commit")}
"""Of a tag with an object of its own: the facts that name that, and what it comes down to."""
BROUGHT = "brought refs of"
FULFILLED = "fulfilled"
ALL_SAID = ("moved", "duplicated", "erased large files of", BROUGHT, FULFILLED)
"""After these a repository's refs are where the entry says, all of them; older ones do not say."""

Said = tuple[str, ...]
"""What a ref names and its commit; one of the two, where the log says no more."""


@dataclass(slots=True)
class _Heads:
    """Where the log says that refs are, by repository; None for one that was deleted.

    `whole` are those of which it has said every ref, `digests` what it said of very many. `brought`
    are those of which the last word is that they came from elsewhere.
    """

    at: dict[int, dict[str, Said | None]] = field(default_factory=dict)
    whole: set[int] = field(default_factory=set)
    digests: dict[int, str] = field(default_factory=dict)
    brought: set[int] = field(default_factory=set)

    def take(self, repo_id: int, verb: str, facts: Mapping[str, Any] | None) -> None:
        mine = self.at.setdefault(repo_id, {})
        fact = MOVING.get(verb)
        ref = MAIN if verb == CREATED else (facts or {}).get("ref")
        self.digests.pop(repo_id, None)
        self.brought.discard(repo_id)
        if verb == BROUGHT:
            self.brought.add(repo_id)
        if facts is None or fact is None or ref is None or fact not in facts:
            self._take_all(repo_id, facts or {})
        elif verb == DELETED or facts[fact] is None:
            mine[ref] = None
        else:
            pair = TAGGED.get(verb, ())
            is_tagged = bool(pair) and all(facts.get(each) for each in pair)
            mine[ref] = tuple(facts[each] for each in pair) if is_tagged else (facts[fact],)
        if verb == CREATED and MAIN in mine:
            self.whole.add(repo_id)

    def _take_all(self, repo_id: int, facts: Mapping[str, Any]) -> None:
        self.at[repo_id] = {name: tuple(pair) for name, pair in facts.get("refs_at", {}).items()}
        self.whole.discard(repo_id)
        if "refs_at" in facts:
            self.whole.add(repo_id)
        if "refs_digest" in facts:
            self.digests[repo_id] = facts["refs_digest"]

    def arrived(self) -> None:
        """A log has come from elsewhere: only what was said of refs as they came counts here."""
        for repo_id in self.at.keys() - self.brought:
            self.at.pop(repo_id)
            self.digests.pop(repo_id, None)
        self.whole &= self.brought


@beside
def moved(tx: Tx, commons_id: int) -> Iterator[Difference]:
    """Where a ref of a repository of this commons is not where the log says."""
    here = _here(tx, commons_id)
    if not here:
        return
    heads, gone = _said(tx, commons_id, here), _gone(tx)
    for repo_id, refs in _there(tx, here).items():
        said = heads.at.get(repo_id, {})
        for name, should in sorted(said.items()):
            found = refs.get(name)
            if _is_gone(gone, repo_id, should) or _is_there(name, should, found):
                continue  # what was taken out of the history has moved what stood on it
            what = "is gone" if found is None else "is elsewhere than the log says"
            what = "was deleted, the log says, and is there" if should is None else what
            yield _other(repo_id, name, here[repo_id], what)
        if repo_id in heads.whole:
            for name in sorted(refs.keys() - said.keys()):
                if name.startswith((HEADS, TAGS)):
                    yield _other(repo_id, name, here[repo_id], "is not in the log")
        digest = refs_digest({name: list(pair) for name, pair in refs.items()})
        if heads.digests.get(repo_id, digest) != digest:
            message = f"The refs of {here[repo_id]} are not those that the log has the digest of."
            yield Difference("refs", str(repo_id), message)


@beside
def hashed(tx: Tx, commons_id: int) -> Iterator[Difference]:
    """Where the kept hashes of the log's tree, of which proofs are made, were changed."""
    for each in events_check.wrong_hashes(tx, commons_id):
        row = "" if each.position is None else str(each.position)
        yield Difference("log_nodes", f"{commons_id}/{row}", each.message)


def _other(repo_id: int, name: str, address: str, what: str) -> Difference:
    return Difference("refs", f"{repo_id}/{name}", f"The ref {name} of {address} {what}.")


def _is_gone(gone: Container[tuple[int, str]], repo_id: int, should: Said | None) -> bool:
    return any((repo_id, each) in gone for each in should or ())


def _is_there(name: str, should: Said | None, found: tuple[str, str] | None) -> bool:
    if should is None or found is None:
        return should is None and found is None
    if len(should) > 1:
        return found == should
    if name.startswith((HEADS, PULLS)):
        return found == (*should, *should)
    return should[0] in found  # a tag has an object of its own


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


def _said(tx: Tx, commons_id: int, here: Mapping[int, str]) -> _Heads:
    """Where this log says that refs are."""
    heads, known = _Heads(), _Register(tx)
    verbs = (*MOVING, *ALL_SAID, IMPORTED)
    asked = select(Event.verb, Event.subject, Event.entry, Event.private)
    asked = asked.where(Event.commons_id == commons_id, Event.verb.in_(verbs)).order_by(Event.id)
    with tx.connection.execute(asked, execution_options=IN_PIECES) as rows:
        for verb, subject, text, private in rows:
            if verb == IMPORTED:
                heads.arrived()
                continue
            facts = _facts(text, private)
            repo_id = known.repo(subject)
            if verb == FULFILLED and facts is not None and {"refs_at", "refs_digest"} & set(facts):
                repo_id = facts["repository"]  # a request for removal
            if repo_id is not None and repo_id in here:
                heads.take(repo_id, verb, facts)
    return heads


def _facts(text: str, private: str | None) -> Mapping[str, Any] | None:
    entry = orjson.loads(text)
    if "private" not in entry:
        facts: Mapping[str, Any] = entry["facts"]
        return facts
    return None if private is None else orjson.loads(private)


def _gone(tx: Tx) -> set[tuple[int, str]]:
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
