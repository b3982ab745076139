"""Discussions and pull requests: the list, one thread, what a pull request would change.

Every act is a form of its own, so that all of it works without JavaScript. A form that could not be
followed comes back with what was written and a sentence on why.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain, islice
from math import ceil
from typing import Any

from markupsafe import escape
from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid, Unavailable, Unknown
from iriai.base.numbers import whole
from iriai.base.routing import Access
from iriai.base.tx import Tx
from iriai.commons import enactment
from iriai.commons.proposals import queries as proposals
from iriai.commons.proposals import telling
from iriai.discussions import actions, merging, queries, rules
from iriai.discussions.queries import Filters
from iriai.discussions.rules import Discussion, Event, EventKind
from iriai.identity.rules import Actor
from iriai.repos import guarded, withheld
from iriai.repos import queries as repos
from iriai.repos import rules as repo_rules
from iriai.repos.rules import HEADS, MAIN, Kind, Repo
from iriai.web import links, mentions, problems
from iriai.web.door import Ask, get, post, see
from iriai.web.pages.commons_charter import pull_check
from iriai.web.repository import frame, header_differences, of_each_kind
from iriai.web.texts import gettext as _

PAGE_MAX = 100_000
SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive, Unavailable, Unknown)
STATUSES = ("open", "closed-or-merged", "all")
ENTRIES_SHOWN = 100
KINDS = ("all", "discussion", "pull_request")
TOLD = ("reason", "from", "to")
"""The words of events, comments apart, in which names and numbers become links."""

Act = Callable[[Tx, Actor, Repo, int, Ask], object]


@dataclass(frozen=True, slots=True)
class Said:
    """An event as a thread shows it. `html` is a comment's text, `told` other words, both safe."""

    key: str
    kind: EventKind
    author: str | None
    at: datetime
    data: dict[str, Any]
    html: str
    told: dict[str, str]
    may_edit: bool
    may_hide: bool


def listed(ask: Ask, kind: Kind, full_name: str) -> Response:
    """The discussions of a repository, newest first."""
    status = ask.query("status", "open")
    chosen = ask.query("type", "all")
    page = ask.number("p", 0, most=PAGE_MAX)
    filters = Filters(
        kind=chosen if chosen in KINDS[1:] else None,
        status=status if status in STATUSES[:2] else None,
        author=ask.query("author") or None,
    )
    with ask.ground.read() as tx:
        repo = repos.readable(tx, ask.actor, kind, full_name)
        found = queries.discussions(tx, repo, filters, page=page)
    more = found.start + len(found.discussions) < found.count
    return ask.page(
        "repository/discussions.html",
        **frame(ask, repo),
        found=found,
        wanted=status if status in STATUSES else "open",
        chosen=chosen if chosen in KINDS else "all",
        author=ask.query("author"),
        page=page,
        more=more,
        twin=links.twin(repo, "discussions"),
    )


def thread(ask: Ask, kind: Kind, full_name: str) -> Response:
    """One discussion or pull request, with all that happened in it."""
    with ask.ground.read() as tx:
        repo = repos.readable(tx, ask.actor, kind, full_name)
        found = queries.discussion(tx, repo, _number(ask))
    return _thread(ask, repo, found)


def proposed(ask: Ask, kind: Kind, full_name: str) -> Response:
    """What a pull request would change, file by file."""
    with ask.ground.read() as tx:
        repo = repos.readable(tx, ask.actor, kind, full_name)
        found = queries.discussion(tx, repo, _number(ask))
        hidden = withheld.hidden(tx, repo)
    if not found.is_pull_request:
        raise rules.unknown_discussion()
    worked_out, commits = _worked_out(ask, repo, found)
    diff = None
    if worked_out is not None:
        objects = repos.objects(ask.ground, repo.id)
        diff = objects.diff(worked_out.fork, worked_out.tip, hidden=hidden)
    return ask.page(
        "repository/proposed.html",
        **frame(ask, repo),
        found=found,
        diff=diff,
        file_headers=header_differences(ask.ground, repo, diff, hidden),
        commits=commits,
        twin=links.twin(repo, "discussions", str(found.number)),
    )


def new(ask: Ask, kind: Kind, full_name: str) -> Response:
    """The form to begin a discussion."""
    with ask.ground.read() as tx:
        repo = repos.readable(tx, ask.actor, kind, full_name)
    rules.require_may_open(ask.actor, repo)
    return _form(ask, repo)


def begin(ask: Ask, kind: Kind, full_name: str) -> Response:
    """Begin a discussion or a pull request."""
    begun: Callable[..., Discussion] = actions.open_discussion
    if ask.form.get("what") == "pull_request":
        begun = partial(actions.open_pull_request, target=ask.form.get("target") or MAIN)
    title, description = ask.form.get("title"), ask.form.get("text")
    with ask.ground.read() as tx:
        repo = repos.readable(tx, ask.actor, kind, full_name)
    if ask.form.has("preview"):
        return _form(ask, repo, preview=_preview(ask, repo, description))
    try:
        with ask.ground.write() as tx:
            made = begun(tx, ask.actor, repo, title=title, description=description)
    except SAID_IN_THE_FORM as error:
        return _form(ask, repo, error=error)
    return see(_address(repo, made.number))


# -- acts ----------------------------------------------------------------------------------------


def _say(tx: Tx, actor: Actor, repo: Repo, number: int, ask: Ask) -> object:
    status = ask.form.get("become")
    if status:
        return enactment.change_status(
            tx, actor, repo, number, status=status, text=ask.form.get("text")
        )
    return actions.comment(tx, actor, repo, number, text=ask.form.get("text"))


def _rename(tx: Tx, actor: Actor, repo: Repo, number: int, ask: Ask) -> object:
    return actions.rename(tx, actor, repo, number, title=ask.form.get("title"))


def _edit(tx: Tx, actor: Actor, repo: Repo, number: int, ask: Ask) -> object:
    key, text = ask.form.get("key"), ask.form.get("text")
    return actions.edit_comment(tx, actor, repo, number, key, text=text)


def _hide(tx: Tx, actor: Actor, repo: Repo, number: int, ask: Ask) -> object:
    key, reason = ask.form.get("key"), ask.form.get("reason")
    return actions.hide_comment(tx, actor, repo, number, key, reason=reason)


def _lock(tx: Tx, actor: Actor, repo: Repo, number: int, ask: Ask) -> object:
    if ask.form.has("unlock"):
        return actions.unlock(tx, actor, repo, number)
    return actions.lock(tx, actor, repo, number, reason=ask.form.get("reason"))


ACTS: dict[str, Act] = {
    "say": _say,
    "rename": _rename,
    "edit": _edit,
    "hide": _hide,
    "lock": _lock,
}


def act(ask: Ask, kind: Kind, full_name: str) -> Response:
    """Follow one of the forms of a thread."""
    number = _number(ask)
    with ask.ground.read() as tx:
        repo = repos.readable(tx, ask.actor, kind, full_name)
        found = queries.discussion(tx, repo, number)
    if ask.form.has("preview"):
        return _thread(ask, repo, found, preview=_preview(ask, repo, ask.form.get("text")))
    wanted = ask.form.get("act")
    try:
        if wanted == "merge":
            enactment.merge(ask.ground, ask.actor, repo, number, text=ask.form.get("text"))
        elif wanted in ACTS:
            with ask.ground.write() as tx:
                ACTS[wanted](tx, ask.actor, repo, number, ask)
        else:
            raise Invalid(_("This form asks for nothing that can be done here."))
    except SAID_IN_THE_FORM as error:
        return _thread(ask, repo, found, error=error)
    return see(_address(repo, number) + "#newest")


# -- pages ---------------------------------------------------------------------------------------


def _thread(
    ask: Ask,
    repo: Repo,
    found: Discussion,
    *,
    error: HubError | None = None,
    preview: str = "",
) -> Response:
    is_charter = guarded.is_charter(repo) and found.base in ("", MAIN)
    with ask.ground.read() as tx:
        events = queries.events(tx, found.id)
        amends = is_charter and found.is_pull_request
        check = pull_check(tx, repo, found.number, ask.actor) if amends else None
        made = proposals.of_discussion(tx, repo.id, found.number)
    worked_out: merging.Merge | None = None
    if found.is_pull_request:
        worked_out, commits = _worked_out(ask, repo, found)
        events = sorted([*events, *commits], key=lambda event: event.at)
    may_write = repo_rules.may_write(ask.actor, repo)
    last = max(1, ceil(len(events) / ENTRIES_SHOWN))
    page = ask.number("page", default=last, most=last) or 1
    shown = events[(page - 1) * ENTRIES_SHOWN : page * ENTRIES_SHOWN]
    return ask.page(
        "repository/discussion.html",
        **frame(ask, repo),
        found=found,
        said=_as_said(ask, repo, shown),
        page=page,
        last_page=last,
        conflicts=list(worked_out.conflicts) if worked_out and not found.is_over else [],
        is_unrelated=worked_out is not None and worked_out.is_unrelated and not found.is_over,
        is_empty=worked_out is None or worked_out.is_empty,
        is_stranded=found.is_pull_request and not found.is_over and worked_out is None,
        may_speak=_may(rules.require_may_comment, ask.actor, repo, found),
        may_steer=_may(rules.require_may_steer, ask.actor, repo, found),
        may_merge=(may_write and found.is_pull_request and not found.is_over and not is_charter),
        check=check,
        proposals=made,
        states=telling.STATES,
        may_moderate=may_write,
        sent=ask.form,
        preview=preview,
        fault=getattr(error, "message", ""),
        status=problems.status(error) if error else 200,
        twin=links.twin(repo, "discussions", str(found.number)),
    )


def _form(ask: Ask, repo: Repo, *, error: HubError | None = None, preview: str = "") -> Response:
    with ask.ground.read() as tx:
        branches = [each.short for each in repos.refs(tx, repo) if each.name.startswith(HEADS)]
    return ask.page(
        "repository/discuss.html",
        **frame(ask, repo),
        branches=branches,
        sent=ask.form,
        preview=preview,
        fault=getattr(error, "message", ""),
        status=problems.status(error) if error else 200,
    )


def _worked_out(
    ask: Ask, repo: Repo, found: Discussion
) -> tuple[merging.Merge | None, Sequence[Event]]:
    """What a pull request comes to, and its commits as events."""
    with ask.ground.read() as tx:
        sides, brought = queries.sides(tx, found), queries.brought(tx, found.id)
    objects = repos.objects(ask.ground, repo.id)
    worked_out = merging.proposed(objects, found, sides)
    if worked_out is None:
        return None, []
    base, alone = worked_out.base, worked_out.is_unrelated
    came = merging.commit_events(objects, base, sides.tip, brought, is_unrelated=alone)
    return worked_out, came


def _as_said(ask: Ask, repo: Repo, events: Sequence[Event]) -> list[Said]:
    """Events as the thread shows them; all the names and numbers that they call are links."""
    pieces = [_html(event, repo) for event in events]
    told = [[str(escape(event.data.get(word, ""))) for word in TOLD] for event in events]
    found = iter(mentions.linked(ask.ground, repo, [*pieces, *chain(*told)]))
    pieces = list(islice(found, len(pieces)))
    return [
        _one_said(ask, repo, event, html, dict(zip(TOLD, islice(found, len(TOLD)), strict=True)))
        for event, html in zip(events, pieces, strict=True)
    ]


def _one_said(ask: Ask, repo: Repo, event: Event, html: str, told: dict[str, str]) -> Said:
    comment = event.kind is EventKind.COMMENT
    hidden = bool(event.data.get("hidden"))
    own = event.author_id is not None and event.author_id == ask.actor.id
    return Said(
        key=event.key,
        kind=event.kind,
        author=event.author,
        at=event.at,
        data=event.data,
        html=html,
        told=told,
        may_edit=comment and own and not hidden,
        may_hide=comment and not hidden and (own or repo_rules.may_write(ask.actor, repo)),
    )


def _html(event: Event, repo: Repo) -> str:
    """What a comment says, where it is one that is shown."""
    if event.kind is not EventKind.COMMENT or event.data.get("hidden"):
        return ""
    return _shown(event.data["raw"], repo)


def _preview(ask: Ask, repo: Repo, text: str) -> str:
    return mentions.linked(ask.ground, repo, [_shown(text, repo)])[0]


def _shown(text: str, repo: Repo) -> str:
    """A comment's Markdown, safe to show."""
    from iriai.cards import render  # noqa: PLC0415 - five megabytes

    return render.html(
        text,
        resolve=links.repo(repo, "resolve", rev="main") + "/",
        blob=links.repo(repo, "blob", rev="main") + "/",
    )


def _may(require: Callable[..., None], *facts: object) -> bool:
    try:
        require(*facts)
    except Denied:
        return False
    return True


def _number(ask: Ask) -> int:
    found = whole(ask.part("number"), digits_max=rules.NUMBER_DIGITS_MAX)
    if found is None:
        raise rules.unknown_discussion()
    return found


def _address(repo: Repo, number: int) -> str:
    return links.repo(repo, "discussions", str(number))


ROUTES = [
    *of_each_kind(get, "/discussions", listed, access=Access.REPO_READ),
    *of_each_kind(get, "/discussions/new", new, access=Access.SIGNED_IN),
    *of_each_kind(post, "/discussions/new", begin, access=Access.SIGNED_IN),
    *of_each_kind(get, "/discussions/{number}", thread, access=Access.REPO_READ),
    *of_each_kind(post, "/discussions/{number}", act, access=Access.SIGNED_IN),
    *of_each_kind(get, "/discussions/{number}/files", proposed, access=Access.REPO_READ),
]
