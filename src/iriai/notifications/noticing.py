"""From the log to notifications: whom an entry concerns, and why.

This runs in the transaction that moves the reader's place in the log, so everybody is told once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import InstrumentedAttribute

from iriai.base.cursors import Entry
from iriai.base.errors import Denied, Unknown
from iriai.base.names import fold
from iriai.base.tx import Tx
from iriai.commons.membership import speaking
from iriai.commons.proposals import queries as proposals
from iriai.discussions.rules import EventKind
from iriai.discussions.tables import DiscussionEvent, DiscussionRow
from iriai.identity import queries as identity
from iriai.identity.rules import Role
from iriai.identity.tables import Account, AccountKind, AccountName, Membership
from iriai.notifications import asking, casework, rules
from iriai.notifications.rules import Level, Reason, stronger
from iriai.notifications.tables import NotificationRow, SubscriptionRow
from iriai.repos import past
from iriai.repos import queries as repos
from iriai.repos import rules as repo_rules
from iriai.repos.rules import MAIN, Repo, Visibility
from iriai.repos.subjects import Place, place

OPENED = ("opened discussion", "opened pull request")
SAID = ("commented",)
EDITED = "edited"
STEERED = ("opened", "closed", "merged", "locked", "unlocked")
WATCHED = ("moved", "duplicated")
WRITERS = (Role.WRITE.value, Role.ADMIN.value)
ASKED = ("asked for access to",)
BROKE_GLASS = "broke glass"
OF_CASES = tuple(f"{what}/" for what in casework.OF)
OF_MEMBERS = ("member/", "seat/", "election/")
OF_PROPOSALS = (
    "seconded",
    "objected to",
    "opened the vote on",
    "tied",
    "passed",
    "failed",
    "enacted",
    "could not enact",
)
ANSWERED = ("let somebody into", "refused somebody access to")


@dataclass(slots=True)
class _Concerned:
    """Whom an entry concerns, each for the strongest reason."""

    people: dict[int, Reason] = field(default_factory=dict)

    def add(self, reason: Reason, ids: Iterable[int | None]) -> None:
        for each in ids:
            if each is not None and len(self.people) < rules.CONCERNED_MAX:
                self.people[each] = stronger(reason, self.people.get(each))


def take(tx: Tx, entries: Sequence[Entry]) -> None:
    """Set down whom these entries concern."""
    for entry in entries:
        if entry.subject.startswith(("proposal/", "panel/")):
            asking.settle(tx, entry, _named(tx, [entry.actor]))
        if entry.verb == BROKE_GLASS:
            _told(tx, entry)
        elif entry.subject.startswith("membership/"):
            _role(tx, entry)
        elif entry.subject.startswith(OF_MEMBERS):
            _of_members(tx, entry)
        elif entry.subject.startswith(OF_CASES):
            _of_cases(tx, entry)
        elif entry.subject.startswith("pot/"):
            _of_pot(tx, entry)
        elif entry.subject.startswith("proposal/"):
            _of_proposal(tx, entry)
        elif (named := place(entry.subject)) is not None:
            _of_repo(tx, entry, named)


def _of_repo(tx: Tx, entry: Entry, named: Place) -> None:
    facts = {**entry.private, **entry.facts}
    if named.discussion is None and not _is_news(entry.verb, facts):
        return
    repo = past.repo_at(tx, named)
    if repo is None:
        return
    concerned, detail = _Concerned(), ""
    if named.discussion is not None:
        _said(tx, entry, named, repo, concerned)
    elif entry.verb in ASKED:
        concerned.add(Reason.OWN, _owners(tx, repo))
    elif entry.verb in ANSWERED:
        concerned.add(Reason.YOU, _named(tx, [str(facts.get("who", ""))]))
        detail = str(facts.get("reason") or "")
    else:
        concerned.add(Reason.WATCHING, _choosers(tx, repo, None, Level.WATCH))
    muted = _choosers(tx, repo, named.discussion, Level.MUTE)
    actor = str(facts.get("who", entry.actor)) if entry.verb in ASKED else entry.actor
    you = set(_named(tx, [actor]))
    people = {
        person: reason
        for person, reason in concerned.people.items()
        if person not in you and (reason is Reason.YOU or person not in muted)
    }
    comment = named.comment or facts.get("comment")
    _set_down(
        tx,
        entry,
        _who_may(tx, repo, people),
        repo_id=repo.id,
        number=named.discussion,
        comment=comment if isinstance(comment, str) else None,
        detail=detail,
        actor=actor,
    )


def _is_news(verb: str, facts: dict[str, Any]) -> bool:
    """Whether an entry about a repository as a whole concerns anybody."""
    if verb in ("committed", "pushed"):
        return facts.get("ref") == MAIN
    return verb in (*ASKED, *ANSWERED, *WATCHED)


def _said(tx: Tx, entry: Entry, named: Place, repo: Repo, concerned: _Concerned) -> None:
    """Whom something in a discussion concerns."""
    found = tx.connection.execute(
        select(DiscussionRow.id, DiscussionRow.author_id).where(
            DiscussionRow.repo_id == repo.id, DiscussionRow.number == named.discussion
        )
    ).one_or_none()
    if found is None:
        return
    if entry.verb == "hid":
        said_by = select(DiscussionEvent.author_id).where(DiscussionEvent.key == named.comment)
        concerned.add(Reason.PART, tx.connection.execute(said_by).scalars())
        return
    if entry.verb == EDITED:
        concerned.add(Reason.MENTIONED, _added(tx, entry, named.comment))
        return
    if entry.verb not in (*OPENED, *SAID, *STEERED):
        return
    number = named.discussion
    concerned.add(Reason.WATCHING, _choosers(tx, repo, None, Level.WATCH))
    concerned.add(Reason.WATCHING, _choosers(tx, repo, number, Level.WATCH))
    if entry.verb in OPENED or (entry.verb in SAID and repo.held_by.value == "person"):
        concerned.add(Reason.OWN, _owners(tx, repo))
    if entry.verb not in OPENED:
        parts = (
            select(DiscussionEvent.author_id)
            .where(
                DiscussionEvent.discussion_id == found.id,
                DiscussionEvent.kind == EventKind.COMMENT,
            )
            .distinct()
            .limit(rules.CONCERNED_MAX)
        )
        concerned.add(Reason.PART, [found.author_id, *tx.connection.execute(parts).scalars()])
    key = entry.facts.get("comment")
    if isinstance(key, str):
        concerned.add(Reason.MENTIONED, _called(tx, key))


def _called(tx: Tx, key: str | None) -> list[int]:
    """Who is called by name in a comment, as it stands now."""
    return _named(tx, rules.mentioned(str(_comment(tx, key).get("raw", ""))))


def _added(tx: Tx, entry: Entry, key: str | None) -> list[int]:
    """Who is called by name in a comment that was edited, and was not told of it before.

    By the time that the log is read it may have been edited again. What somebody was told so long
    ago that it is not kept, the comment's own past says.
    """
    people = _called(tx, key)
    told = select(NotificationRow.person_id).where(
        NotificationRow.person_id.in_(people),
        NotificationRow.commons_id == entry.commons_id,
        NotificationRow.comment == key,
        NotificationRow.reason == Reason.MENTIONED,
    )
    known = set(tx.connection.execute(told).scalars())
    kept_since = tx.now - timedelta(days=rules.KEPT_DAYS)
    for was in _comment(tx, key).get("history", ()):
        if datetime.fromisoformat(was["updated_at"]) < kept_since:
            known.update(_named(tx, rules.mentioned(str(was["raw"]))))
    return [person for person in people if person not in known]


def _comment(tx: Tx, key: str | None) -> dict[str, Any]:
    """What is kept of a comment; nothing of one that is hidden."""
    said = select(DiscussionEvent.data).where(DiscussionEvent.key == key)
    data = tx.connection.execute(said).scalar_one_or_none() or {}
    return {} if data.get("hidden") else data


def _role(tx: Tx, entry: Entry) -> None:
    """A role given, taken or accepted concerns that person; joining, the administrators too."""
    _, group, person = (*entry.subject.split("/", 2), "", "")[:3]
    concerned = _Concerned()
    concerned.add(Reason.YOU, _named(tx, [person]))
    if entry.verb == "accepted":
        admins = (
            select(Membership.person_id)
            .join(Account, Account.id == Membership.organisation_id)
            .where(Account.name_key == fold(group), Membership.role == Role.ADMIN.value)
            .limit(rules.CONCERNED_MAX)
        )
        concerned.add(Reason.OWN, tx.connection.execute(admins).scalars())
    you = set(_named(tx, [entry.actor]))
    people = {each: reason for each, reason in concerned.people.items() if each not in you}
    _set_down(tx, entry, people, detail=str(entry.facts.get("role", "")))


def _told(tx: Tx, entry: Entry) -> None:
    """What the operator did with their own hands concerns the stewards that the entry names."""
    concerned = _Concerned()
    concerned.add(Reason.OWN, _named(tx, [str(name) for name in entry.facts.get("told", ())]))
    _set_down(tx, entry, concerned.people, detail=str(entry.facts.get("reason", "")))


def _of_members(tx: Tx, entry: Entry) -> None:
    """What is done about a member, a seat or a candidate concerns them; their own acts do not."""
    what, _, rest = entry.subject.partition("/")
    facts = entry.facts
    names = [str(facts[word]) for word in ("holder", "who") if facts.get(word)]
    for word in ("standing", "elected"):
        names += [str(name) for name in facts.get(word) or ()]
    if what == "member":
        names.append(rest.rpartition("/")[2])
    you = set(_named(tx, [entry.actor]))
    concerned = _Concerned()
    concerned.add(Reason.YOU, [each for each in _named(tx, names) if each not in you])
    behind = _named(tx, names, institutions=True)
    concerned.add(Reason.OWN, [each for each in behind if each not in you])
    _set_down(tx, entry, concerned.people, detail=str(facts.get("role", "")))


def _of_cases(tx: Tx, entry: Entry) -> None:
    """What is done in cases concerns the two sides, stewards and panels; with what comes next."""
    told, following = casework.heard(tx, entry)
    concerned = _Concerned()
    for reason, people in told:
        concerned.add(reason, people)
    you = set(_named(tx, [entry.actor]))
    people_ = {each: reason for each, reason in concerned.people.items() if each not in you}
    _set_down(tx, entry, people_, detail=following)


def _of_pot(tx: Tx, entry: Entry) -> None:
    """An allotment concerns whoever holds it; an institution's, by name, who speaks for it."""
    holder, detail = str(entry.facts.get("to", "")), str(entry.facts.get("project", ""))
    people = dict.fromkeys(_named(tx, [holder]), Reason.YOU)
    _set_down(tx, entry, people, detail=detail)
    if not people:
        behind = dict.fromkeys(_named(tx, [holder], institutions=True), Reason.OWN)
        _set_down(tx, entry, behind, detail=detail, subject=f"{entry.subject}/{holder}")


def _of_proposal(tx: Tx, entry: Entry) -> None:
    """A proposal's steps concern its proposer and who spoke; that the vote is open, its voters."""
    if entry.verb not in OF_PROPOSALS:
        return
    number = entry.subject.rpartition("/")[2]
    found = proposals.proposal(tx, entry.commons_id, int(number))
    concerned = _Concerned()
    if entry.verb == "opened the vote on":
        concerned.add(Reason.OWN, speaking.people_behind(tx, proposals.electors(tx, found.id)))
    elif entry.verb != "seconded":
        spoke = (*found.seconds, *found.objections)
        concerned.add(Reason.PART, (each.account_id for each in spoke))
    concerned.add(Reason.YOU, [found.proposer_id])
    you = set(_named(tx, [entry.actor]))
    people = {each: reason for each, reason in concerned.people.items() if each not in you}
    _set_down(tx, entry, people, detail=str(entry.facts.get("reason", "")))


# -- people --------------------------------------------------------------------------------------


def _named(tx: Tx, names: Sequence[str], *, institutions: bool = False) -> list[int]:
    """The people who have or had these names; with `institutions` who speaks for one too."""
    if not names:
        return []
    asked = (
        select(Account.id)
        .join(AccountName, AccountName.account_id == Account.id)
        .where(
            AccountName.name_key.in_([fold(each) for each in names]),
            Account.deleted_at.is_(None),
        )
    )
    if institutions:
        return speaking.people_behind(tx, tx.connection.execute(asked).scalars())
    people = asked.where(Account.kind == AccountKind.PERSON)
    return list(tx.connection.execute(people).scalars())


def _owners(tx: Tx, repo: Repo) -> list[int]:
    """Whose a repository is: its owner, or those who may write in its organisation."""
    writers = (
        select(Membership.person_id)
        .where(Membership.organisation_id == repo.owner_id, Membership.role.in_(WRITERS))
        .limit(rules.CONCERNED_MAX)
    )
    person = select(Account.id).where(
        Account.id == repo.owner_id, Account.kind == AccountKind.PERSON
    )
    return [
        *tx.connection.execute(person).scalars(),
        *tx.connection.execute(writers).scalars(),
    ]


def _choosers(tx: Tx, repo: Repo, number: int | None, level: Level) -> set[int]:
    """Who watches a repository, or mutes it or this discussion."""
    which: InstrumentedAttribute[int] = SubscriptionRow.number
    numbers = [number or 0] if level is Level.WATCH else [0, number or 0]
    asked = select(SubscriptionRow.person_id).where(
        SubscriptionRow.repo_id == repo.id,
        which.in_(numbers),
        SubscriptionRow.level == level,
    )
    return set(tx.connection.execute(asked).scalars())


def _who_may(tx: Tx, repo: Repo, people: dict[int, Reason]) -> dict[int, Reason]:
    """Those of them who may read what it is about. Somebody a gate refused may know that."""
    is_open = repo.visibility is Visibility.PUBLIC and repo.gated is None
    if is_open and repo.disabled_reason is None:
        return people
    return {
        person: reason
        for person, reason in people.items()
        if _may_read(tx, person, repo, gate=reason is not Reason.YOU)
    }


def _may_read(tx: Tx, person_id: int, repo: Repo, *, gate: bool) -> bool:
    try:
        actor = identity.actor(tx, person_id)
        if gate:
            repo_rules.require_read(actor, repos.by_id(tx, repo.id, actor))
        else:
            repo_rules.require_see(actor, repo)
    except (Unknown, Denied):
        return False
    return True


def _set_down(tx: Tx, entry: Entry, people: dict[int, Reason], **values: Any) -> None:
    base = {
        "commons_id": entry.commons_id,
        "position": entry.position,
        "actor": entry.actor,
        "verb": entry.verb,
        "subject": entry.subject,
        "at": entry.at,
    }
    rows = [
        {**base, **values, "person_id": person, "reason": reason}
        for person, reason in people.items()
    ]
    if rows:
        tx.connection.execute(insert(NotificationRow), rows)
