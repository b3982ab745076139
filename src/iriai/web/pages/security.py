"""How one's account is kept: code app, passkeys, recovery codes, accounts elsewhere.

Everything that changes asks for the password again. The picture for a code app is drawn here, on
this hub, as SVG; the same secret stands beside it as text.
"""

from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, Excessive, Gone, HubError, Invalid, Unknown
from iriai.base.numbers import whole
from iriai.base.routing import Access
from iriai.signin.factors import actions, passkeys, queries, rules
from iriai.signin.factors.actions import Changed
from iriai.signin.outside import actions as outside
from iriai.web import problems
from iriai.web.door import Ask, get, post
from iriai.web.pages.entry import SESSION_COOKIE, device_of, with_session, with_step
from iriai.web.texts import gettext as _

SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive, Unknown, Gone)
PATH = "/settings/security"


def security(ask: Ask) -> Response:
    """The page."""
    return _page(ask)


def change(ask: Ask) -> Response:
    """One of the forms of that page."""
    act = ACTS.get(ask.form.get("act"))
    try:
        if act is None:
            raise Invalid("This form could not be read.")
        if act not in AFTER_PROOF:
            actions.prove(
                ask.ground,
                ask.actor,
                password=ask.form.get("password"),
                session=ask.request.cookies.get(SESSION_COOKIE, ""),
            )
        return act(ask)
    except SAID_IN_THE_FORM as error:
        return _page(ask, error=error)


def _begin_app(ask: Ask) -> Response:
    return _setting_up(ask)


def _confirm_app(ask: Ask) -> Response:
    try:
        with ask.ground.write() as tx:
            done = actions.confirm_authenticator(
                tx, ask.actor, code=ask.form.get("code"), device=device_of(ask)
            )
    except Denied as error:
        return _setting_up(ask, error=error)
    return _done(ask, done, _("Your code app is asked for from now on."))


def _setting_up(ask: Ask, *, error: HubError | None = None) -> Response:
    import segno  # noqa: PLC0415 - a megabyte that few need

    with ask.ground.write() as tx:
        secret = actions.begin_authenticator(tx, ask.actor)
    hub = ask.ground.settings.url.partition("://")[2]
    uri = rules.setting_up(secret, name=ask.actor.name, hub=f"iriai {hub}".replace(":", " "))
    drawn = segno.make(uri, error="m").svg_inline(omitsize=True, dark="#000", light="#fff")
    return _page(ask, error=error, picture=Markup(drawn), secret=secret)  # noqa: S704 - drawn here


def _remove_app(ask: Ask) -> Response:
    with ask.ground.write() as tx:
        done = actions.remove_authenticator(tx, ask.actor, device=device_of(ask))
    return _done(ask, done, _("Your code app is not asked for any more."))


def _begin_passkey(ask: Ask) -> Response:
    with ask.ground.write() as tx:
        raw, question = actions.begin_passkey(tx, ask.actor)
    return _page(ask, question=question, step=raw)


def _add_passkey(ask: Ask) -> Response:
    done = actions.add_passkey(
        ask.ground,
        ask.actor,
        raw=ask.form.get("step"),
        answer=ask.form.get("answer"),
        name=ask.form.get("name"),
        device=device_of(ask),
    )
    return _done(ask, done, _("Your passkey opens this account from now on."))


def _remove_passkey(ask: Ask) -> Response:
    number = whole(ask.form.get("passkey"))
    if number is None:
        raise Invalid("This form could not be read.")
    with ask.ground.write() as tx:
        done = actions.remove_passkey(tx, ask.actor, passkey_id=number, device=device_of(ask))
    return _done(ask, done, _("This passkey opens nothing here any more."))


def _renew_codes(ask: Ask) -> Response:
    with ask.ground.write() as tx:
        done = actions.renew_recovery_codes(tx, ask.actor, device=device_of(ask))
    return _done(ask, done, _("The recovery codes of before are worthless now."))


def _tie(ask: Ask) -> Response:
    where, raw = outside.begin(ask.ground, going_to=PATH, actor=ask.actor)
    return with_step(ask, _page(ask, provider_link=where), raw)


def _untie(ask: Ask) -> Response:
    number = whole(ask.form.get("tie"))
    if number is None:
        raise Invalid("This form could not be read.")
    with ask.ground.write() as tx:
        outside.untie(tx, ask.actor, tie_id=number)
    return _page(ask, done=_("Untied."))


ACTS = {
    "begin-app": _begin_app,
    "confirm-app": _confirm_app,
    "remove-app": _remove_app,
    "begin-passkey": _begin_passkey,
    "add-passkey": _add_passkey,
    "remove-passkey": _remove_passkey,
    "renew-codes": _renew_codes,
    "tie": _tie,
    "untie": _untie,
}
AFTER_PROOF = (_confirm_app, _add_passkey)
"""The second halves of what began with the password."""


def _done(ask: Ask, changed: Changed, said: str) -> Response:
    """What was changed, the codes to write down if there are new ones, and a new session."""
    shown = _page(ask, done=said, codes=changed.recovery_codes)
    return with_session(ask, shown, changed.session)


def _page(ask: Ask, *, done: str = "", error: HubError | None = None, **facts: Any) -> Response:
    settings = ask.ground.settings
    with ask.ground.read() as tx:
        mine = queries.overview(tx, ask.actor)
        ties = outside.ties(tx, ask.actor)
    shown = {
        "picture": "", "secret": "", "question": "", "step": "", "codes": (), "provider_link": "",
    }  # fmt: skip
    return ask.page(
        "settings/security.html",
        mine=mine,
        ties=ties,
        provider=settings.oidc_name if outside.is_offered(ask.ground) else "",
        passkeys_possible=passkeys.place(settings.url) is not None,
        done=done,
        fault=error.message if error else "",
        status=problems.status(error) if error else 200,
        headers={"Cache-Control": "no-store"},
        **(shown | facts),
    )


ROUTES = [
    get(PATH, security, access=Access.SIGNED_IN),
    post(PATH, change, access=Access.SIGNED_IN),
]
