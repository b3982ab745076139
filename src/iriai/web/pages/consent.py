"""Whether an app may come in: the page that OAuth sends people to, and sends them back from.

An app that is not registered, or wants to go back to an address it did not register, is told of on
the page; everything else that is wrong goes back to the app, in OAuth's words.
"""

from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.responses import Response

from iriai.base.errors import Denied
from iriai.base.routing import Access
from iriai.base.tx import Tx
from iriai.identity import queries as identity
from iriai.identity.rules import Act
from iriai.signin.apps import actions, queries, rules
from iriai.signin.apps.queries import Asked
from iriai.signin.apps.rules import Refused
from iriai.signin.apps.tables import AppGrant
from iriai.web import render
from iriai.web.door import SEE_OTHER, Ask, get, post
from iriai.web.pages.device import SCOPE_TEXTS

PARAMETERS = (
    "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce",
    "code_challenge", "code_challenge_method", "prompt",
)  # fmt: skip
PATH = "/oauth/authorize"


def authorise(ask: Ask) -> Response:
    """Show who asks for what; whoever allowed it before is sent back at once."""
    given = {name: ask.query(name) for name in PARAMETERS}
    with ask.ground.read() as tx:
        _app, uri = queries.destination(tx, given)
        try:
            asking = queries.asked(tx, given)
        except Refused as error:
            return _back(ask, uri, given, error=error.code, error_description=error.message)
    silent = "none" in asking.prompts
    if ask.actor.id is None:
        if silent:
            return _back(ask, uri, given, error="login_required")
        raise Denied("Sign in first.", code="Unauthenticated")
    with ask.ground.write() as tx:
        before = _before(tx, ask, asking)
        if before is not None:
            code = actions.give_code(tx, ask.actor, asking, before)
            return _back(ask, uri, given, code=code)
    if silent:
        return _back(ask, uri, given, error="consent_required")
    return _page(ask, asking, given)


def decide(ask: Ask) -> Response:
    """Let the app in, or not; either way the browser goes back to it."""
    given = {name: ask.form.get(name) for name in PARAMETERS}
    with ask.ground.write() as tx:
        asking = queries.asked(tx, given)
        if ask.form.get("act") != "allow":
            return _back(
                ask, asking.redirect_uri, given, error="access_denied",
                error_description="The person said no.",
            )  # fmt: skip
        chosen = ask.form.all("organisation")
        grant = actions.consent(tx, ask.actor, asking, organisations=chosen)
        tx.flush()
        code = actions.give_code(tx, ask.actor, asking, grant)
    return _back(ask, asking.redirect_uri, given, code=code)


def _before(tx: Tx, ask: Ask, asking: Asked) -> AppGrant | None:
    """A consent of earlier that still does, where only this very app can get the answer."""
    to_the_web = urlsplit(asking.redirect_uri).scheme == "https"
    if not to_the_web or asking.prompts & {"consent", "login"}:
        return None
    return queries.consented(tx, ask.actor, asking)


def _page(ask: Ask, asking: Asked, given: dict[str, str]) -> Response:
    with ask.ground.read() as tx:
        groups = [each.name for each in identity.whoami(tx, ask.actor).organisations]
    shares = any(rules.SCOPES[scope] - {Act.KNOW_EMAIL} for scope in asking.scopes)
    policy = render.POLICY.replace(
        "form-action 'self'", f"form-action 'self' {rules.goes_to(asking.redirect_uri)}"
    )
    return ask.page(
        "oauth/authorize.html",
        app=asking.app,
        owner=asking.owner,
        there=rules.goes_to(asking.redirect_uri),
        texts=[SCOPE_TEXTS[each] for each in asking.scopes],
        organisations=groups if shares else [],
        given=[(name, value) for name, value in given.items() if value],
        headers={"Cache-Control": "no-store", "Content-Security-Policy": policy},
    )


def _back(ask: Ask, uri: str, given: dict[str, str], **said: Any) -> Response:
    """Send the browser back to the app with an answer, and with who answers (RFC 9207)."""
    answer = {name: value for name, value in said.items() if value}
    if given.get("state"):
        answer["state"] = given["state"][: rules.STATE_LENGTH_MAX]
    answer["iss"] = ask.ground.settings.url
    where = f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode(answer)}"
    return Response(status_code=SEE_OTHER, headers={"Location": where, "Cache-Control": "no-store"})


ROUTES = [
    get(PATH, authorise, access=Access.ANYONE),
    post(PATH, decide, access=Access.SIGNED_IN),
]
