"""What concerns whoever is signed in: read, muted, watched, and mailed where they want it."""

from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from iriai.base import mail
from iriai.base.errors import (
    Conflict,
    Denied,
    Excessive,
    Gone,
    HubError,
    Invalid,
    Unavailable,
    Unknown,
)
from iriai.base.numbers import whole
from iriai.base.routing import Access, route
from iriai.base.tx import Tx
from iriai.identity.rules import Act, Subject, require_reach, require_signed_in
from iriai.notifications import actions, queries, rules, wording
from iriai.notifications.queries import Noted
from iriai.notifications.rules import Digest
from iriai.repos import queries as repos
from iriai.repos.rules import Kind, Repo
from iriai.web import links, problems
from iriai.web.door import Ask, came_from, get, local, post, see
from iriai.web.forms import Form
from iriai.web.texts import gettext as _

SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive, Unknown, Gone, Unavailable)
ID_MAX = 10**15
NUMBER_MAX = 10**9
ID_DIGITS_MAX, NUMBER_DIGITS_MAX = 15, 9
REASONS = {
    "you": _("about you"),
    "mentioned": _("names you"),
    "part": _("you take part"),
    "own": _("yours"),
    "watching": _("you watch it"),
}
LEVELS = (
    ("watch", _("Watch"), _("Hear of everything.")),
    (
        "",
        _("As usual"),
        _("Hear of it where you take part, where you are named, and what is yours."),
    ),
    ("mute", _("Mute"), _("Hear nothing of it.")),
)
DIGESTS = (
    (Digest.DAILY, _("Once a day at most")),
    (Digest.HOURLY, _("Once an hour at most")),
    (Digest.OFF, _("Never")),
)


def listed(ask: Ask) -> Response:
    """What concerns one, the newest first."""
    unread = ask.query("show") != "all"
    before = ask.number("before", 0, most=ID_MAX)
    with ask.ground.read() as tx:
        found = queries.notifications(tx, ask.actor, unread=unread, before=before or None)
    last = found[-1].notification.id if len(found) == rules.PAGE_LENGTH else 0
    shown = "" if unread else "show=all&"
    return ask.page(
        "notifications/list.html",
        found=[_shown(each) for each in found],
        unread_only=unread,
        newest=found[0].notification.id if found else 0,
        older=f"?{shown}before={last}" if last else "",
        twin="/api/notifications",
    )


def _shown(each: Noted) -> dict[str, Any]:
    found, repo = each.notification, each.repo
    about = ""
    if repo is not None and found.repo_id is not None:
        about = links.with_query(
            "/notifications/about", repo=repo.address, number=found.number or ""
        )
    return {
        "id": found.id,
        "words": wording.sentence(each),
        "reason": REASONS[found.reason],
        "at": found.at,
        "read": found.read_at is not None,
        "about": about,
        "is_thread": found.number is not None,
    }


def change(ask: Ask) -> Response:
    """Mark one, or all that was seen, as read or unread."""
    form = ask.form
    number = whole(form.get("id"), digits_max=ID_DIGITS_MAX) or 0
    with ask.ground.write() as tx:
        if form.get("act") == "all":
            actions.mark_all_read(tx, ask.actor, until=number)
        else:
            actions.mark_read(tx, ask.actor, [number], read=form.get("act") != "unread")
    return see(local(came_from(ask.request), "/notifications"))


def opened(ask: Ask) -> Response:
    """Go where a notification leads; it is read then."""
    number = whole(ask.part("id"), digits_max=ID_DIGITS_MAX) or 0
    with ask.ground.write() as tx:
        found = queries.notifications(tx, ask.actor, before=number + 1)[:1]
        if not found or found[0].notification.id != number:
            raise Unknown("There is no such notification.")
        actions.mark_read(tx, ask.actor, [number])
    return see(wording.path(found[0]))


# -- what to hear of -----------------------------------------------------------------------------


def about(ask: Ask) -> Response:
    """What one hears of a repository or a discussion, and the choice."""
    with ask.ground.read() as tx:
        repo, number = _named(tx, ask, ask.query("repo"), ask.query("number"))
        level = queries.level(tx, ask.actor, repo.id, number)
    where = links.repo(repo, *(("discussions", str(number)) if number else ()))
    return ask.page(
        "notifications/about.html",
        repo=repo,
        number=number,
        level=level or "",
        levels=LEVELS,
        where=where,
    )


def choose(ask: Ask) -> Response:
    """Watch, mute, or leave as usual."""
    form = ask.form
    with ask.ground.write() as tx:
        repo, number = _named(tx, ask, form.get("repo"), form.get("number"))
        level = rules.clean_level(form.get("level"))
        actions.subscribe(tx, ask.actor, repo, number, level)
    return see(local(form.get("next"), "/settings/notifications"))


def _named(tx: Tx, ask: Ask, address: str, given: str) -> tuple[Repo, int | None]:
    """A repository as people write it, such as `datasets/ada/tiny`, and a discussion's number."""
    word, _slash, rest = address.strip("/ ").partition("/")
    kind = {"datasets": Kind.DATASET, "spaces": Kind.SPACE}.get(word)
    repo = repos.repo(tx, ask.actor, kind or Kind.MODEL, rest if kind else address.strip("/ "))
    return repo, whole(given, digits_max=NUMBER_DIGITS_MAX) or None


# -- settings ------------------------------------------------------------------------------------


def settings(ask: Ask) -> Response:
    """Mail, and what one watches and mutes."""
    return _settings(ask)


def change_settings(ask: Ask) -> Response:
    """One of the forms of that page."""
    form, done = ask.form, _("Kept.")
    try:
        if form.get("act") == "confirm":
            sent = actions.ask_to_confirm(ask.ground, ask.actor)
            done = _("A letter is on its way to {address}.").format(address=sent.address)
        elif form.get("act") == "watch":
            with ask.ground.write() as tx:
                repo, number = _named(tx, ask, form.get("repo"), "")
                level = rules.clean_level(form.get("level"))
                actions.subscribe(tx, ask.actor, repo, number, level)
        else:
            with ask.ground.write() as tx:
                actions.choose_digest(tx, ask.actor, rules.clean_digest(form.get("digest")))
    except SAID_IN_THE_FORM as error:
        return _settings(ask, error=error)
    ask.form.fields = {}
    return _settings(ask, done=done)


def _settings(ask: Ask, *, done: str = "", error: HubError | None = None) -> Response:
    mine = require_signed_in(ask.actor)
    require_reach(ask.actor, Act.GOVERN, Subject(mine))
    with ask.ground.read() as tx:
        mailbox = queries.mailbox(tx, mine)
        chosen = queries.subscriptions(tx, ask.actor)
    return ask.page(
        "settings/notifications.html",
        status=problems.status(error) if error else 200,
        mailbox=mailbox,
        sends_mail=mail.is_set_up(ask.ground.settings),
        digests=[(each.value, text) for each, text in DIGESTS],
        chosen=chosen,
        form=ask.form,
        done=done,
        fault=error.message if error else "",
    )


# -- links in mail -------------------------------------------------------------------------------


def letter(purpose: str) -> Any:
    """The page that a link in a letter leads to; it asks, for some programs open every link."""

    def page(ask: Ask) -> Response:
        with ask.ground.read() as tx:
            found = actions.require_link(tx, purpose, ask.part("token"))
        return _letter(ask, purpose, found.address)

    return page


def confirm(ask: Ask) -> Response:
    """Confirm an address."""
    with ask.ground.write() as tx:
        address = actions.confirm(tx, ask.part("token"))
    return _letter(ask, "confirm", address, done=True)


async def stop(request: Request) -> Response:
    """Stop mail: by the button of that page, or by one click in a mail program (RFC 8058)."""
    return await to_thread.run_sync(_stop, request)


def _stop(request: Request) -> Response:
    ask = Ask(request, request.app.state.ground, request.state.actor, Form())
    with ask.ground.write() as tx:
        found = actions.require_link(tx, "stop", ask.part("token"))
        actions.stop_mail(tx, ask.part("token"))
    return _letter(ask, "stop", found.address, done=True)


def _letter(ask: Ask, purpose: str, address: str, *, done: bool = False) -> Response:
    return ask.page(
        "notifications/letter.html",
        purpose=purpose,
        address=address,
        done=done,
        headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
    )


MAIL = "/notifications/mail"
ROUTES = [
    get("/notifications", listed, access=Access.SIGNED_IN),
    post("/notifications", change, access=Access.SIGNED_IN),
    get("/notifications/about", about, access=Access.SIGNED_IN),
    post("/notifications/about", choose, access=Access.SIGNED_IN),
    get("/notifications/{id}", opened, access=Access.SIGNED_IN),
    get("/settings/notifications", settings, access=Access.SIGNED_IN),
    post("/settings/notifications", change_settings, access=Access.SIGNED_IN),
    get(f"{MAIL}/confirm/{{token}}", letter("confirm"), access=Access.ANYONE),
    post(f"{MAIL}/confirm/{{token}}", confirm, access=Access.ANYONE),
    get(f"{MAIL}/stop/{{token}}", letter("stop"), access=Access.ANYONE),
    route(f"{MAIL}/stop/{{token}}", stop, methods=["POST"], access=Access.ANYONE),
]
