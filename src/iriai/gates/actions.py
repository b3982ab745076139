"""Asking for access, answering, letting in unasked, and withdrawing. Each records one event.

Who asked is private in the log: it enters as a salted digest, so that it can be forgotten.
"""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import delete, insert, update

from iriai.base.errors import Unknown
from iriai.base.tx import Tx
from iriai.cards import queries as cards
from iriai.gates import queries, rules
from iriai.gates.rules import Request, Status
from iriai.gates.tables import AccessRequest
from iriai.identity import queries as people
from iriai.identity.rules import Actor
from iriai.repos import queries as repos
from iriai.repos.rules import HeldBy, Repo
from iriai.repos.tables import RepoGrant


def ask(
    tx: Tx, actor: Actor, repo: Repo, *, given: Mapping[str, str], again_after: timedelta
) -> Request:
    """Ask for access, answering the questions of the card."""
    last = queries.own(tx, actor, repo)
    asker = rules.require_may_ask(actor, repo, last, again_after=again_after, now=tx.now)
    card = cards.card(tx, repo.id)
    fields = rules.answers(rules.questions(card.data if card else {}), given)
    status = rules.first_status(repo)
    _write(tx, repo, asker, status=status, fields=fields, shares_email=True)
    _let(tx, repo, asker, open_=status is Status.ACCEPTED)
    _record(tx, actor, "asked for access to", repo, actor.name)
    return queries.request_of(tx, repo, actor.name)


def withdraw(tx: Tx, actor: Actor, repo: Repo) -> None:
    """Take one's request back; an open gate closes, the answers are forgotten."""
    rules.require_own_word(actor, repo)
    mine = queries.own(tx, actor, repo)
    if mine is None:
        raise rules.unknown_request()
    rules.require_not_refused(mine)
    tx.connection.execute(delete(AccessRequest).where(AccessRequest.id == mine.id))
    _let(tx, repo, mine.account_id, open_=False)
    _record(tx, actor, "gave up access to", repo, actor.name)


def answer(
    tx: Tx, actor: Actor, repo: Repo, request: Request, *, status: str, reason: str = ""
) -> Request:
    """Let in, refuse with a reason, or put back among those who wait."""
    rules.require_may_answer(actor, repo)
    wanted = rules.require_change(request, status)
    kept = rules.clean_reason(wanted, reason, is_required=repo.held_by is HeldBy.COMMONS)
    tx.connection.execute(
        update(AccessRequest)
        .where(AccessRequest.id == request.id)
        .values(status=wanted, reason=kept, handled_at=tx.now, handled_by=actor.id)
    )
    _let(tx, repo, request.account_id, open_=wanted is Status.ACCEPTED)
    verb = {
        Status.ACCEPTED: "let somebody into",
        Status.REJECTED: "refused somebody access to",
        Status.PENDING: "put back a request for",
    }[wanted]
    _record(tx, actor, verb, repo, request.name, reason=kept)
    return queries.request(tx, repo, request.id)


def grant(tx: Tx, actor: Actor, repo: Repo, *, name: str) -> Request:
    """Let somebody in who has not asked; nothing of theirs is shared."""
    rules.require_may_answer(actor, repo)
    person = people.person(tx, name)
    try:
        found = queries.request_of(tx, repo, name)
    except Unknown:
        _write(tx, repo, person.id, status=Status.ACCEPTED, fields={}, shares_email=False)
        _let(tx, repo, person.id, open_=True)
        _record(tx, actor, "let somebody into", repo, person.name)
        return queries.request_of(tx, repo, name)
    rules.require_not_in(found)
    return answer(tx, actor, repo, found, status=Status.ACCEPTED)


def grant_on_appeal(tx: Tx, request_id: int, *, by: str) -> None:
    """Let somebody in whom a panel has found to be refused wrongly."""
    found = queries.by_id(tx, request_id)
    if found.status is Status.ACCEPTED:
        return
    repo = repos.by_id(tx, found.repo_id)
    tx.connection.execute(
        update(AccessRequest)
        .where(AccessRequest.id == found.id)
        .values(status=Status.ACCEPTED, reason=None, handled_at=tx.now, handled_by=None)
    )
    _let(tx, repo, found.account_id, open_=True)
    tx.record(repo.commons_id, by, "let somebody into", repo.subject, private={"who": found.name})


def _write(
    tx: Tx,
    repo: Repo,
    account_id: int,
    *,
    status: Status,
    fields: Mapping[str, object],
    shares_email: bool,
) -> None:
    tx.connection.execute(
        delete(AccessRequest).where(
            AccessRequest.repo_id == repo.id, AccessRequest.account_id == account_id
        )
    )
    row = {
        "repo_id": repo.id,
        "account_id": account_id,
        "status": status,
        "fields": dict(fields),
        "shares_email": shares_email,
        "asked_at": tx.now,
        "handled_at": tx.now if status is not Status.PENDING else None,
    }
    tx.connection.execute(insert(AccessRequest), row)


def _let(tx: Tx, repo: Repo, account_id: int, *, open_: bool) -> None:
    """Open or close the gate for somebody."""
    if open_:
        row = {"repo_id": repo.id, "account_id": account_id, "since": tx.now}
        tx.connection.execute(tx.insert(RepoGrant).on_conflict_do_nothing(), row)
        return
    tx.connection.execute(
        delete(RepoGrant).where(RepoGrant.repo_id == repo.id, RepoGrant.account_id == account_id)
    )


def _record(
    tx: Tx, actor: Actor, verb: str, repo: Repo, who: str, *, reason: str | None = None
) -> None:
    said = actor.name if actor.name != who else "somebody"
    private = {"who": who} | ({"reason": reason} if reason else {})
    tx.record(repo.commons_id, said, verb, repo.subject, private=private)
