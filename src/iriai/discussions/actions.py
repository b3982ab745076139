"""What is done in discussions. Each action changes one of them and records one event."""

import secrets
from typing import Any

from sqlalchemy import select, update

from iriai.base.tx import Tx
from iriai.discussions import queries, rules
from iriai.discussions.rules import Discussion, Event, EventKind, Status
from iriai.discussions.tables import DiscussionEvent, DiscussionRow
from iriai.identity.rules import Actor
from iriai.repos import landing
from iriai.repos import queries as repos
from iriai.repos import rules as repos_rules
from iriai.repos.rules import HEADS, MAIN, PULLS, Repo, unknown_revision

KEY_BYTES = 12


def open_discussion(
    tx: Tx, actor: Actor, repo: Repo, *, title: str, description: str = ""
) -> Discussion:
    """Open a discussion; a description becomes its first comment."""
    rules.require_may_open(actor, repo)
    number = landing.take_number(tx, repo.id)
    return _begin(
        tx, actor, repo, number, title=title, description=description, status=Status.OPEN, base=""
    )


def open_pull_request(
    tx: Tx, actor: Actor, repo: Repo, *, title: str, description: str = "", target: str = MAIN
) -> Discussion:
    """Open a pull request without commits, a draft: its ref begins where its branch is."""
    rules.require_may_open(actor, repo)
    base = repos.named(tx, repo.id, target)
    if base is None or not base.name.startswith(HEADS):
        raise unknown_revision(target)
    number = landing.take_number(tx, repo.id)
    name, status = f"{PULLS}{number}", Status.DRAFT
    landing.move_ref(tx, repo.id, name, old=None, new=base.commit, opened_by=actor.id)
    return _begin(
        tx, actor, repo, number, title=title, description=description, status=status, base=base.name
    )


def begin_pull_request(
    tx: Tx,
    actor: Actor,
    repo: Repo,
    number: int,
    *,
    title: str,
    description: str = "",
    target: str = MAIN,
) -> Discussion:
    """Write down the pull request that has just been made with a commit; it is open."""
    rules.require_may_open(actor, repo)
    title, status = rules.fitted_title(title), Status.OPEN
    return _begin(
        tx, actor, repo, number, title=title, description=description, status=status, base=target
    )


def bring(tx: Tx, actor: Actor, repo: Repo, number: int, *, sha: str) -> None:
    """Write down who brought a pull request's newest commit, where it takes one.

    Git says who wrote a commit, as whoever made it put it; this is who the hub knows it from.
    """
    found = _locked(tx, repo, number)
    rules.require_takes_commits(actor, repo, found)
    _happened(tx, actor, found.id, EventKind.COMMIT, {"oid": sha})


def comment(tx: Tx, actor: Actor, repo: Repo, number: int, *, text: str) -> Event:
    """Say something."""
    found = _locked(tx, repo, number)
    rules.require_may_comment(actor, repo, found)
    rules.require_room(queries.count_events(tx, found.id))
    made = _say(tx, actor, found.id, rules.clean_comment(text))
    _touch(tx, found.id, comments=DiscussionRow.comments + 1)
    tx.record(repo.commons_id, actor.name, "commented", _subject(repo, number), comment=made.key)
    return made


def edit_comment(tx: Tx, actor: Actor, repo: Repo, number: int, key: str, *, text: str) -> Event:
    """Change what one said; what stood there before stays readable."""
    found = _locked(tx, repo, number)
    rules.require_may_comment(actor, repo, found)
    event = _locked_comment(tx, found.id, key)
    edits = event.data.get("history", [])
    rules.require_may_edit(actor, event, edits=len(edits))
    was = {name: event.data[name] for name in ("raw", "updated_at", "by")}
    changed = _version(tx, actor, rules.clean_comment(text))
    data = {**event.data, **changed, "edited": True, "history": [*edits, was]}
    _rewrite(tx, key, data)
    tx.record(repo.commons_id, actor.name, "edited", f"{_subject(repo, number)}/comment/{key}")
    return queries.event(tx, found.id, key)


def hide_comment(
    tx: Tx, actor: Actor, repo: Repo, number: int, key: str, *, reason: str = ""
) -> Event:
    """Hide a comment. Whoever hides another's says why, and that is shown and logged."""
    found = _locked(tx, repo, number)
    event = _locked_comment(tx, found.id, key)
    rules.require_may_hide(actor, repo, event)
    own = event.author_id == actor.id
    reason = rules.clean_reason(reason or ("withdrawn by its author" if own else ""))
    _rewrite(tx, key, {**event.data, "hidden": True, "hidden_by": actor.name, "reason": reason})
    subject = f"{_subject(repo, number)}/comment/{key}"
    tx.record(repo.commons_id, actor.name, "hid", subject, private={"reason": reason})
    return queries.event(tx, found.id, key)


def rename(tx: Tx, actor: Actor, repo: Repo, number: int, *, title: str) -> Event:
    """Give a discussion another title."""
    found = _locked(tx, repo, number)
    rules.require_may_steer(actor, repo, found)
    rules.require_room(queries.count_events(tx, found.id))
    cleaned = rules.clean_title(title)
    made = _happened(tx, actor, found.id, EventKind.TITLE, {"from": found.title, "to": cleaned})
    _touch(tx, found.id, title=cleaned)
    tx.record(repo.commons_id, actor.name, "renamed", _subject(repo, number))
    return made


def change_status(
    tx: Tx, actor: Actor, repo: Repo, number: int, *, status: str, text: str = ""
) -> Event:
    """Open or close a discussion, perhaps with a word on why."""
    found = _locked(tx, repo, number)
    rules.require_may_steer(actor, repo, found)
    if not repos_rules.may_write(actor, repo):
        rules.require_room(queries.count_events(tx, found.id))
    wanted = rules.next_status(found, status)
    if text.strip():
        comment(tx, actor, repo, number, text=text)
    made = _happened(tx, actor, found.id, EventKind.STATUS, {"status": wanted})
    _touch(tx, found.id, status=wanted)
    verb = "closed" if wanted is Status.CLOSED else "opened"
    tx.record(repo.commons_id, actor.name, verb, _subject(repo, number))
    return made


def mark_merged(
    tx: Tx, actor: Actor, repo: Repo, number: int, *, sha: str, text: str = ""
) -> Event:
    """Write down that a pull request was merged as commit `sha`; `Conflict` if it is over."""
    found = _locked(tx, repo, number)
    rules.require_not_over(found)
    if text.strip():
        said = _say(tx, actor, found.id, rules.clean_comment(text))
        subject = _subject(repo, number)
        tx.record(repo.commons_id, actor.name, "commented", subject, comment=said.key)
    made = _happened(tx, actor, found.id, EventKind.STATUS, {"status": Status.MERGED})
    _touch(tx, found.id, status=Status.MERGED, merge_sha=sha)
    tx.record(repo.commons_id, actor.name, "merged", _subject(repo, number), commit=sha)
    return made


def lock(tx: Tx, actor: Actor, repo: Repo, number: int, *, reason: str) -> Event:
    """Let only those who write go on; the reason is shown and logged."""
    rules.require_may_moderate(actor, repo)
    found = _locked(tx, repo, number)
    cleaned = rules.clean_reason(reason)
    made = _happened(tx, actor, found.id, EventKind.LOCK, {"locked": True, "reason": cleaned})
    _touch(tx, found.id, locked_reason=cleaned)
    subject, private = _subject(repo, number), {"reason": cleaned}
    tx.record(repo.commons_id, actor.name, "locked", subject, private=private)
    return made


def unlock(tx: Tx, actor: Actor, repo: Repo, number: int) -> Event:
    """Let everybody go on."""
    rules.require_may_moderate(actor, repo)
    found = _locked(tx, repo, number)
    made = _happened(tx, actor, found.id, EventKind.LOCK, {"locked": False})
    _touch(tx, found.id, locked_reason=None)
    tx.record(repo.commons_id, actor.name, "unlocked", _subject(repo, number))
    return made


def _locked(tx: Tx, repo: Repo, number: int) -> Discussion:
    """A discussion as it is now, and stays for all others until the transaction ends."""
    here = (DiscussionRow.repo_id == repo.id, DiscussionRow.number == number)
    tx.connection.execute(select(DiscussionRow.id).where(*here).with_for_update())
    return queries.discussion(tx, repo, number)


def _locked_comment(tx: Tx, discussion_id: int, key: str) -> Event:
    """The same for a comment: its whole text is written anew. What else happened stays as it is."""
    here = DiscussionEvent.key == key
    tx.connection.execute(select(DiscussionEvent.id).where(here).with_for_update())
    event = queries.event(tx, discussion_id, key)
    if event.kind is not EventKind.COMMENT:
        raise rules.unknown_discussion()
    return event


def _begin(
    tx: Tx,
    actor: Actor,
    repo: Repo,
    number: int,
    *,
    title: str,
    description: str,
    status: Status,
    base: str,
) -> Discussion:
    is_pull_request = base != ""
    row = {
        "repo_id": repo.id,
        "number": number,
        "is_pull_request": is_pull_request,
        "title": rules.clean_title(title),
        "status": status,
        "author_id": actor.id,
        "created_at": tx.now,
        "updated_at": tx.now,
        "comments": 1 if description.strip() else 0,
        "base": base,
    }
    begun = DiscussionRow(**row)
    _put(tx, begun)
    discussion_id = begun.id
    facts: dict[str, Any] = {}
    if description.strip():
        first = _say(tx, actor, discussion_id, rules.clean_comment(description))
        facts["comment"] = first.key
    kind = "pull request" if is_pull_request else "discussion"
    tx.record(repo.commons_id, actor.name, f"opened {kind}", _subject(repo, number), **facts)
    return queries.discussion(tx, repo, number)


def _version(tx: Tx, actor: Actor, text: str) -> dict[str, Any]:
    return {"raw": text, "updated_at": tx.now.isoformat(), "by": actor.name}


def _say(tx: Tx, actor: Actor, discussion_id: int, text: str) -> Event:
    data = {**_version(tx, actor, text), "edited": False, "hidden": False, "history": []}
    return _happened(tx, actor, discussion_id, EventKind.COMMENT, data)


def _happened(
    tx: Tx, actor: Actor, discussion_id: int, kind: EventKind, data: dict[str, Any]
) -> Event:
    key = secrets.token_hex(KEY_BYTES)
    row = {
        "key": key,
        "discussion_id": discussion_id,
        "kind": kind,
        "author_id": actor.id,
        "at": tx.now,
        "data": data,
    }
    _put(tx, DiscussionEvent(**row))
    return queries.event(tx, discussion_id, key)


def _put(tx: Tx, made: DiscussionRow | DiscussionEvent) -> None:
    """Make a row, as the ledger sees it; what becomes of it afterwards is read anew."""
    tx.session.add(made)
    tx.flush()
    tx.session.expunge(made)


def _rewrite(tx: Tx, key: str, data: dict[str, Any]) -> None:
    changed = update(DiscussionEvent).where(DiscussionEvent.key == key).values(data=data)
    tx.connection.execute(changed)


def _touch(tx: Tx, discussion_id: int, **values: Any) -> None:
    changed = (
        update(DiscussionRow)
        .where(DiscussionRow.id == discussion_id)
        .values(updated_at=tx.now, **values)
    )
    tx.connection.execute(changed)


def _subject(repo: Repo, number: int) -> str:
    return f"{repo.subject}/discussions/{number}"
