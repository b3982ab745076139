"""Coming in and going out: sign in, join by invitation or openly, sign out.

The very first account is made with the one-time link that the hub prints when it starts empty. A
session is a random id in a cookie that scripts cannot read; it changes with every sign-in. Another
cookie remembers that somebody signed in from this browser (decision 0049).
"""

from collections.abc import Iterable
from datetime import timedelta

from starlette.responses import Response

from iriai.api.limits import WRONG_ANYWHERE, WRONG_PASSWORDS, Limits, Quota, asker
from iriai.base import credentials
from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid
from iriai.base.names import fold
from iriai.base.routing import Access
from iriai.identity import actions, queries
from iriai.identity.admission import SignedIn
from iriai.identity.rules import SESSION_DAYS
from iriai.signin import devices
from iriai.signin.factors import actions as factors
from iriai.signin.factors import passkeys
from iriai.signin.factors.actions import Halfway
from iriai.signin.outside import actions as outside
from iriai.signin.steps import STEP_SECONDS
from iriai.web import problems
from iriai.web.door import Ask, came_from, get, local, post, see
from iriai.web.links import with_query
from iriai.web.texts import gettext as _

SESSION_COOKIE = "iriai_session"
STEP_COOKIE = "iriai_step"
DEVICE_COOKIE = "iriai_device"
SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive)


def login(ask: Ask) -> Response:
    """The form to sign in with."""
    there = local(ask.query("next"), came_from(ask.request))
    if ask.actor.id is not None:
        return see(there)
    return _login(ask, next_path=there)


def sign_in(ask: Ask) -> Response:
    """Open a session, or say that the name or the password is wrong.

    Wrong ones are counted for the name too, whether or not there is such an account: from where
    they come, and in all; those of a browser in which it signed in before, by themselves.
    """
    name = ask.form.get("name").strip()
    counted, wrong = ask.request.app.limits, _counts(ask, name)
    try:
        for quota, who in wrong:
            counted.require_left(quota, who)
        opened = factors.sign_in(
            ask.ground,
            name=name,
            password=ask.form.get("password"),
            device=device_of(ask),
            before=ask.request.cookies.get(SESSION_COOKIE),
        )
    except SAID_IN_THE_FORM as error:
        if error.code == "WrongCredentials":
            _count(counted, wrong)
        return _login(ask, next_path=local(ask.form.get("next")), error=error)
    return arrived(ask, opened, local(ask.form.get("next")))


def _counts(ask: Ask, name: str) -> tuple[tuple[Quota, str], ...]:
    """Under what a wrong password for this name counts, and has to leave some."""
    cookie = ask.request.cookies.get(DEVICE_COOKIE, "")
    device = devices.known(ask.ground.secret, name, cookie, ask.ground.clock())
    if device is not None:
        return ((WRONG_PASSWORDS, f"device:{device}"),)
    tried = f"name:{credentials.digest(fold(name)).hex()}"
    return ((WRONG_PASSWORDS, f"{tried}:{asker(ask.request)}"), (WRONG_ANYWHERE, tried))


def _count(counted: Limits, wrong: Iterable[tuple[Quota, str]]) -> None:
    for quota, who in wrong:
        counted.spend(quota, who, signed_in=False)


def arrived(ask: Ask, opened: SignedIn | Halfway, there: str) -> Response:
    """Go where one wanted to go, or first to the second factor."""
    if isinstance(opened, Halfway):
        return with_step(ask, see(with_query("/login/second", next=there)), opened.raw)
    return with_session(ask, see(there), opened)


def sign_out(ask: Ask) -> Response:
    """End this session."""
    raw = ask.request.cookies.get(SESSION_COOKIE)
    if raw:
        with ask.ground.write() as tx:
            actions.close_session(tx, raw)
    return without_session(ask, see("/"))


def join(ask: Ask) -> Response:
    """The form to make an account with, where the hub is open to all."""
    return _join(ask, link=None)


def invited(ask: Ask) -> Response:
    """The form behind an invitation; whoever has an account takes the role that it holds."""
    link = ask.part("link")
    with ask.ground.read() as tx:
        invite = queries.open_invite(tx, link)
    return _join(ask, link=link, first=invite.is_first)


def accept(ask: Ask) -> Response:
    """Use an invitation: with the account one has, or by making one."""
    link = ask.part("link")
    if ask.actor.id is not None:
        with ask.ground.write() as tx:
            actions.accept_invite(tx, ask.actor, link)
        return see("/")
    return _made(ask, link=link)


def make_account(ask: Ask) -> Response:
    """Make an account without an invitation."""
    return _made(ask, link=None)


def _made(ask: Ask, *, link: str | None) -> Response:
    form = ask.form
    try:
        account = actions.sign_up(
            ask.ground,
            name=form.get("name"),
            password=form.get("password"),
            fullname=form.get("fullname"),
            email=form.get("email"),
            link=link,
        )
    except SAID_IN_THE_FORM as error:
        return _join(ask, link=link, error=error)
    with ask.ground.write() as tx:
        opened = actions.open_session(tx, account, device=device_of(ask))
    return with_session(ask, see("/"), opened)


def _login(ask: Ask, *, next_path: str, error: HubError | None = None) -> Response:
    return ask.page(
        "entry/login.html",
        status=problems.status(error) if error else 200,
        headers=error.headers if error else {},
        next=next_path,
        is_first=ask.query("first") == "yes" and next_path != "/",
        form=ask.form,
        fault=error.message if error else "",
        sign_up_open=ask.ground.settings.sign_up == "open",
        passkeys=passkeys.place(ask.ground.settings.url) is not None,
        provider=ask.ground.settings.oidc_name if outside.is_offered(ask.ground) else "",
    )


def _join(
    ask: Ask, *, link: str | None, first: bool = False, error: HubError | None = None
) -> Response:
    is_open = link is not None or ask.ground.settings.sign_up == "open"
    if first:
        about = _("Yours is the first account: it runs this hub until its users decide otherwise.")
    elif is_open:
        about = _(
            "With an account you publish under your own name "
            "and take part in what is held in common."
        )
    else:
        about = _("Accounts are made by invitation: ask somebody who has one for a link.")
    return ask.page(
        "entry/join.html",
        status=problems.status(error) if error else 200,
        heading=_("The first account") if first else _("Make an account"),
        about=about,
        open=is_open,
        action=ask.request.scope["path"],
        form=ask.form,
        fault=error.message if error else "",
    )


def device_of(ask: Ask) -> str:
    """What somebody signs in with, in its own words."""
    return ask.request.headers.get("user-agent", "")


def with_session(ask: Ask, response: Response, opened: SignedIn) -> Response:
    """The same answer, which also gives the browser its session, and remembers the browser."""
    device = devices.sealed(ask.ground.secret, opened.account.name, ask.ground.clock())
    _set_cookie(ask, response, SESSION_COOKIE, opened.raw, days=SESSION_DAYS, path="/")
    _set_cookie(ask, response, DEVICE_COOKIE, device, days=devices.DEVICE_DAYS, path="/login")
    return response


def with_step(ask: Ask, response: Response, raw: str) -> Response:
    """The same answer, which also leads the browser to its next step of signing in."""
    days = STEP_SECONDS / timedelta(days=1).total_seconds()
    _set_cookie(ask, response, STEP_COOKIE, raw, days=days, path="/login")
    return response


def _set_cookie(
    ask: Ask, response: Response, name: str, value: str, *, days: float, path: str
) -> None:
    """A cookie that scripts cannot read, and that other sites cannot send with a form."""
    response.set_cookie(
        name,
        value,
        max_age=round(timedelta(days=days).total_seconds()),
        path=path,
        httponly=True,
        samesite="lax",
        secure=ask.ground.settings.url.startswith("https://"),
    )


def without_session(ask: Ask, response: Response) -> Response:
    """The same answer, which also makes the browser forget its session."""
    secure = ask.ground.settings.url.startswith("https://")
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax", secure=secure)
    return response


ROUTES = [
    get("/login", login, access=Access.ANYONE),
    post("/login", sign_in, access=Access.ANYONE),
    post("/logout", sign_out, access=Access.ANYONE),
    get("/join", join, access=Access.ANYONE),
    post("/join", make_account, access=Access.ANYONE),
    get("/invite/{link}", invited, access=Access.ANYONE),
    post("/invite/{link}", accept, access=Access.ANYONE),
    get("/welcome/{link}", invited, access=Access.ANYONE),
    post("/welcome/{link}", accept, access=Access.ANYONE),
]
