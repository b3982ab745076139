"""The steps of signing in after the first: a code, a passkey, or an account elsewhere.

Which step a browser is at stands in a cookie that only these pages get. Each is good once, for ten
minutes; what goes wrong leads back to the beginning.
"""

from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, Excessive, Gone, HubError, Invalid
from iriai.base.routing import Access
from iriai.identity.rules import ANYONE
from iriai.signin import steps
from iriai.signin.factors import actions as factors
from iriai.signin.outside import actions as outside
from iriai.signin.outside.actions import Newcomer
from iriai.signin.steps import Purpose
from iriai.web import problems
from iriai.web.door import Ask, get, local, post, see
from iriai.web.links import with_query
from iriai.web.pages.entry import (
    SESSION_COOKIE,
    STEP_COOKIE,
    arrived,
    device_of,
    with_session,
    with_step,
)

SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive)
NOT_KEPT = {"Cache-Control": "no-store"}


def second(ask: Ask) -> Response:
    """Ask for the second factor."""
    return _second(ask, local(ask.query("next")))


def finish_second(ask: Ask) -> Response:
    """Open the session, if the code or the passkey is right."""
    there, answer = local(ask.form.get("next")), ask.form.get("answer")
    before = ask.request.cookies.get(SESSION_COOKIE)
    try:
        if answer:
            opened = factors.finish_with_passkey(
                ask.ground, raw=_step(ask), answer=answer, device=device_of(ask), before=before
            )
        else:
            opened = factors.finish_with_code(
                ask.ground,
                raw=_step(ask),
                code=ask.form.get("code"),
                device=device_of(ask),
                before=before,
            )
    except SAID_IN_THE_FORM as error:
        return _second(ask, there, error=error)
    except Gone:
        return see(with_query("/login", next=there))
    return with_session(ask, see(there), opened)


def _second(ask: Ask, there: str, *, error: HubError | None = None) -> Response:
    try:
        with ask.ground.read() as tx:
            question = factors.question(tx, _step(ask), second=True)
    except Gone:
        return see(with_query("/login", next=there))
    return ask.page(
        "entry/second.html",
        status=problems.status(error) if error else 200,
        question=question,
        next=there,
        fault=error.message if error else "",
        headers=NOT_KEPT,
    )


def begin_passkey(ask: Ask) -> Response:
    """Begin to sign in with a passkey alone."""
    there = local(ask.form.get("next"))
    with ask.ground.write() as tx:
        raw = factors.begin_with_passkey(tx)
    return with_step(ask, see(with_query("/login/passkey", next=there)), raw)


def passkey(ask: Ask) -> Response:
    """Ask for the passkey."""
    there = local(ask.query("next"))
    try:
        with ask.ground.read() as tx:
            question = factors.question(tx, _step(ask), second=False)
    except Gone:
        return see(with_query("/login", next=there))
    return ask.page("entry/passkey.html", question=question, next=there, headers=NOT_KEPT)


def finish_passkey(ask: Ask) -> Response:
    """Open the session of whoever holds this passkey."""
    opened = factors.sign_in_with_passkey(
        ask.ground,
        raw=_step(ask),
        answer=ask.form.get("answer"),
        device=device_of(ask),
        before=ask.request.cookies.get(SESSION_COOKIE),
    )
    return with_session(ask, see(local(ask.form.get("next"))), opened)


def to_provider(ask: Ask) -> Response:
    """Go to the outside provider to sign in there. Who is signed in has no need to."""
    there = local(ask.query("next"))
    if ask.actor.id is not None:
        return see(there)
    where, raw = outside.begin(ask.ground, going_to=there, actor=ANYONE)
    return with_step(ask, see(where), raw)


def back_from_provider(ask: Ask) -> Response:
    """Back from there: signed in, tied, halfway, or new here."""
    if ask.query("error"):
        raise Denied("You did not sign in there, or the provider said no.", code="ProviderSaidNo")
    came, there = outside.finish(
        ask.ground,
        ask.actor,
        raw=_step(ask),
        state=ask.query("state"),
        code=ask.query("code"),
        device=device_of(ask),
        before=ask.request.cookies.get(SESSION_COOKIE),
    )
    if came is None:
        return see("/settings/security")
    if isinstance(came, Newcomer):
        return with_step(ask, see(with_query("/login/outside/new", name=came.suggested)), came.raw)
    return arrived(ask, came, local(there))


def newcomer(ask: Ask) -> Response:
    """Somebody the provider knows and this hub does not: choose a name."""
    return _newcomer(ask)


def join(ask: Ask) -> Response:
    """Make their account."""
    try:
        opened, there = outside.join(
            ask.ground, raw=_step(ask), name=ask.form.get("name").strip(), device=device_of(ask)
        )
    except SAID_IN_THE_FORM as error:
        return _newcomer(ask, error=error)
    return with_session(ask, see(local(there)), opened)


def _newcomer(ask: Ask, *, error: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        left = steps.look(tx, Purpose.NEWCOMER, _step(ask))
    return ask.page(
        "entry/newcomer.html",
        status=problems.status(error) if error else 200,
        label=left.facts["label"],
        provider=ask.ground.settings.oidc_name,
        open=outside.may_join(ask.ground),
        name=ask.form.get("name") or ask.query("name"),
        fault=error.message if error else "",
        headers=NOT_KEPT,
    )


def _step(ask: Ask) -> str:
    return ask.request.cookies.get(STEP_COOKIE, "")


ROUTES = [
    get("/login/second", second, access=Access.ANYONE),
    post("/login/second", finish_second, access=Access.ANYONE),
    get("/login/passkey", passkey, access=Access.ANYONE),
    post("/login/passkey", begin_passkey, access=Access.ANYONE),
    post("/login/passkey/finish", finish_passkey, access=Access.ANYONE),
    get("/login/outside", to_provider, access=Access.ANYONE),
    get(outside.CALLBACK, back_from_provider, access=Access.ANYONE),
    get("/login/outside/new", newcomer, access=Access.ANYONE),
    post("/login/outside/new", join, access=Access.ANYONE),
]
