"""Letting a device in: the page on which somebody types the code that it shows.

`hf auth login` prints an address and a code. Whoever opens the address signs in, sees which device
asks and from where, and lets it in or not. The page says plainly when not to.
"""

from starlette.responses import Response

from iriai.base.errors import HubError, Unknown
from iriai.base.routing import Access
from iriai.identity import queries as identity
from iriai.signin.apps import actions, queries, rules
from iriai.web import problems
from iriai.web.door import Ask, get, post, see
from iriai.web.links import with_query
from iriai.web.texts import gettext as _

PATH = "/oauth/device"
SCOPE_TEXTS = {
    "openid": _("know who you are here"),
    "profile": _("see your public profile and which organisations you are in"),
    "email": _("see your e-mail address"),
    "gated-repos": _("read gated repositories that you were let into"),
    "read-repos": _("read your repositories, the private ones too"),
    "write-repos": _("read and change your repositories"),
    "manage-repos": _("make, change, move and delete your repositories"),
    "write-discussions": _("open discussions and pull requests in your name"),
    "read": _("read all that you may read"),
    "write": _("do all that you may do, except to change your password and tokens"),
}


def device(ask: Ask) -> Response:
    """Ask for the code; with one, show which device it is."""
    code = ask.query("user_code")
    if not code:
        return _page(ask)
    try:
        return _page(ask, code=rules.clean_user_code(code))
    except HubError as error:
        return _page(ask, error=error)


def decide(ask: Ask) -> Response:
    """Let the device in, or turn it away."""
    code, act = ask.form.get("user_code"), ask.form.get("act")
    try:
        if act not in ("allow", "deny"):
            return see(with_query(PATH, user_code=rules.clean_user_code(code)))
        with ask.ground.write() as tx:
            if act == "deny":
                actions.turn_device_away(tx, ask.actor, user_code=code)
            else:
                actions.let_device_in(
                    tx,
                    ask.actor,
                    user_code=code,
                    reach=ask.form.get("reach", "write"),
                    organisations=ask.form.all("organisation"),
                )
    except HubError as error:
        return _page(ask, error=error)
    return see(with_query(f"{PATH}/done", denied="1" if act == "deny" else ""))


def done(ask: Ask) -> Response:
    """It is decided: back to the device."""
    return ask.page("oauth/done.html", denied=bool(ask.query("denied")))


def _page(ask: Ask, *, code: str = "", error: HubError | None = None) -> Response:
    waiting, groups = None, []
    if code:
        try:
            with ask.ground.read() as tx:
                waiting = queries.waiting(tx, ask.actor, code)
                groups = [each.name for each in identity.whoami(tx, ask.actor).organisations]
        except Unknown as unknown:
            error = unknown
    return ask.page(
        "oauth/device.html",
        status=problems.status(error) if error else 200,
        code=code,
        waiting=waiting,
        organisations=groups,
        texts=[SCOPE_TEXTS[each] for each in waiting.scopes] if waiting else [],
        fault=error.message if error else "",
        headers={"Cache-Control": "no-store"},
    )


ROUTES = [
    get(PATH, device, access=Access.SIGNED_IN),
    post(f"{PATH}/decide", decide, access=Access.SIGNED_IN),
    get(f"{PATH}/done", done, access=Access.SIGNED_IN),
]
