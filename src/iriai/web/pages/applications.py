"""Apps: what one let in, what one registered, and which builds elsewhere may publish here."""

from typing import Any

from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid, Unknown
from iriai.base.numbers import whole
from iriai.base.routing import Access
from iriai.base.tx import Tx
from iriai.identity.rules import Subject
from iriai.repos import queries as repos
from iriai.repos.rules import Kind, require_see, subject
from iriai.signin.apps import actions, queries
from iriai.signin.publishers import actions as publishers
from iriai.signin.publishers import queries as let_publish
from iriai.signin.publishers.rules import issuers
from iriai.signin.publishers.tables import Publisher
from iriai.web import problems
from iriai.web.door import Ask, get, post
from iriai.web.pages.device import SCOPE_TEXTS
from iriai.web.texts import gettext as _

SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive, Unknown)


def applications(ask: Ask) -> Response:
    """The page."""
    return _page(ask)


def change(ask: Ask) -> Response:
    """One of the forms of that page."""
    act = ACTS.get(ask.form.get("act"))
    try:
        if act is None:
            raise Invalid("This form could not be read.")
        return act(ask)
    except SAID_IN_THE_FORM as error:
        return _page(ask, error=error)


def _shut_out(ask: Ask) -> Response:
    number = whole(ask.form.get("grant"))
    if number is None:
        raise Invalid("This form could not be read.")
    with ask.ground.write() as tx:
        actions.shut_out(tx, ask.actor, number)
    return _page(ask, done=_("Shut out. Its tokens are worthless from now on."))


def _register(ask: Ask) -> Response:
    form = ask.form
    with ask.ground.write() as tx:
        made, secret = actions.register_app(
            tx,
            ask.actor,
            name=form.get("name"),
            homepage=form.get("homepage"),
            redirects=form.get("redirects").split(),
            has_secret=form.has("secret"),
        )
    form.fields = {}
    return _page(ask, made=made.client_id, secret=secret or "")


def _change_app(ask: Ask) -> Response:
    form = ask.form
    with ask.ground.write() as tx:
        actions.change_app(
            tx,
            ask.actor,
            form.get("app"),
            name=form.get("name"),
            homepage=form.get("homepage"),
            redirects=form.get("redirects").split(),
        )
    form.fields = {}
    return _page(ask, done=_("Kept."))


def _renew(ask: Ask) -> Response:
    with ask.ground.write() as tx:
        secret = actions.renew_secret(tx, ask.actor, ask.form.get("app"))
    return _page(ask, made=ask.form.get("app"), secret=secret)


def _delete_app(ask: Ask) -> Response:
    with ask.ground.write() as tx:
        actions.delete_app(tx, ask.actor, ask.form.get("app"))
    return _page(ask, done=_("Deleted. Whoever let it in is rid of it."))


def _add_publisher(ask: Ask) -> Response:
    form = ask.form
    with ask.ground.write() as tx:
        publishers.add_publisher(
            tx,
            ask.actor,
            issuer=form.get("issuer"),
            repository=form.get("repository"),
            number=form.get("number"),
            workflow=form.get("workflow"),
            environment=form.get("environment"),
            subject=_subject(tx, ask, form.get("target").strip()),
        )
    form.fields = {}
    return _page(ask, done=_("Runs of this workflow may act here from now on."))


def _subject(tx: Tx, ask: Ask, target: str) -> Subject | None:
    """The repository that a build may publish to; None where none is named."""
    if not target:
        return None
    prefix, _slash, rest = target.partition("/")
    kind = {"datasets": Kind.DATASET, "spaces": Kind.SPACE}.get(prefix)
    return subject(repos.repo(tx, ask.actor, kind or Kind.MODEL, rest if kind else target))


def _remove_publisher(ask: Ask) -> Response:
    number = whole(ask.form.get("publisher"))
    if number is None:
        raise Invalid("This form could not be read.")
    with ask.ground.write() as tx:
        publishers.remove_publisher(tx, ask.actor, publisher_id=number)
    return _page(ask, done=_("Its runs may not act here any more."))


def _target(tx: Tx, ask: Ask, each: Publisher) -> str:
    """What a build may publish to, by its name of today."""
    if each.repo_id is None:
        return ""
    try:
        found = repos.by_id(tx, each.repo_id, ask.actor)
        require_see(ask.actor, found)
    except HubError:
        return _("a repository that is gone")
    return f"{found.kind.prefix}{found.full_name}"


ACTS = {
    "add-publisher": _add_publisher,
    "remove-publisher": _remove_publisher,
    "shut-out": _shut_out,
    "register": _register,
    "change-app": _change_app,
    "renew": _renew,
    "delete-app": _delete_app,
}


def _page(ask: Ask, *, done: str = "", error: HubError | None = None, **facts: Any) -> Response:
    with ask.ground.read() as tx:
        let_in = queries.let_in(tx, ask.actor)
        shown = [
            {
                "grant": each,
                "texts": [SCOPE_TEXTS[scope] for scope in each.scopes],
                "organisations": queries.names_of(tx, each.organisations),
            }
            for each in let_in
        ]
        mine = queries.apps_of(tx, ask.actor)
        builds = [
            {"publisher": each, "target": _target(tx, ask, each)}
            for each in let_publish.publishers_of(tx, ask.actor)
        ]
    return ask.page(
        "settings/applications.html",
        let_in=shown,
        apps=mine,
        builds=builds,
        services=list(issuers(ask.ground.settings.publishers)),
        form=ask.form,
        done=done,
        fault=error.message if error else "",
        status=problems.status(error) if error else 200,
        headers={"Cache-Control": "no-store"},
        **({"made": "", "secret": ""} | facts),
    )


ROUTES = [
    get("/settings/applications", applications, access=Access.SIGNED_IN),
    post("/settings/applications", change, access=Access.SIGNED_IN),
]
