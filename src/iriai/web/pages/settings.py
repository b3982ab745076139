"""One's own settings: profile, password, sessions, access tokens, appearance."""

from typing import Any

from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid, Unknown
from iriai.base.numbers import whole
from iriai.base.routing import Access
from iriai.base.tx import Tx
from iriai.buckets import queries as buckets
from iriai.identity import actions, queries
from iriai.identity.rules import Act, Grant, Reach, Subject, require_reach
from iriai.repos import queries as repos
from iriai.repos.rules import Kind
from iriai.signin.factors import actions as factors
from iriai.signin.keys import actions as keys
from iriai.signin.keys import queries as key_queries
from iriai.web import problems, render
from iriai.web.door import Ask, came_from, get, local, post, see
from iriai.web.forms import EDIT_BYTES_MAX
from iriai.web.pages.entry import SESSION_COOKIE, without_session
from iriai.web.texts import gettext as _

SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive, Unknown)
THEME_SECONDS = 365 * 24 * 3600
REPOSITORIES_MAX = 50
PREVIEW_LENGTH_MAX = 400_000
TOKEN_DAYS, DAYS_DIGITS_MAX = 90, 5

ACTS = (
    (Act.READ, _("read files")),
    (Act.WRITE, _("change files")),
    (Act.CREATE, _("make repositories")),
    (Act.ADMINISTER, _("change repositories' settings")),
    (Act.DISCUSS, _("open pull requests")),
    (Act.DECIDE, _("take part in commons: propose, vote, be in office")),
)


def profile(ask: Ask) -> Response:
    """What one says of oneself."""
    return _profile(ask)


def change_profile(ask: Ask) -> Response:
    """Keep a changed profile."""
    form = ask.form
    try:
        with ask.ground.write() as tx:
            actions.change_profile(
                tx,
                ask.actor,
                account=ask.actor.name,
                fullname=form.get("fullname"),
                bio=form.get("bio").replace("\r\n", "\n"),
                homepage=form.get("homepage"),
                email=form.get("email"),
            )
    except SAID_IN_THE_FORM as error:
        return _profile(ask, error=error)
    return _profile(ask, done=_("Kept."))


def _profile(ask: Ask, *, done: str = "", error: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        account = queries.whoami(tx, ask.actor).account
    require_reach(ask.actor, Act.GOVERN, Subject(account.id))
    return ask.page("settings/profile.html", account=account, form=ask.form, **_said(done, error))


def account(ask: Ask) -> Response:
    """Password, sessions, invitations, the end."""
    return _account(ask)


def change_account(ask: Ask) -> Response:
    """One of the forms of that page."""
    acts = {"password": _password, "elsewhere": _elsewhere, "invite": _invite, "delete": _delete}
    act = acts.get(ask.form.get("act"))
    try:
        if act is None:
            raise Invalid("This form could not be read.")
        return act(ask)
    except SAID_IN_THE_FORM as error:
        return _account(ask, error=error)


def _password(ask: Ask) -> Response:
    actions.change_password(
        ask.ground, ask.actor, current=ask.form.get("old"), new=ask.form.get("new")
    )
    return without_session(ask, see("/login?next=/settings/account"))


def _elsewhere(ask: Ask) -> Response:
    with ask.ground.write() as tx:
        for session in queries.sessions_of(tx, ask.actor):
            actions.end_session(tx, ask.actor, session_id=session.id)
    return without_session(ask, see("/login"))


def _invite(ask: Ask) -> Response:
    with ask.ground.write() as tx:
        raw = actions.invite(tx, ask.actor)
    return _account(ask, link=f"{ask.ground.settings.url}/invite/{raw}")


def _delete(ask: Ask) -> Response:
    form, actor = ask.form, ask.actor
    if form.get("confirm").strip() != actor.name:
        raise Invalid("Type the name of your account to confirm.")
    session = ask.request.cookies.get(SESSION_COOKIE, "")
    factors.prove(ask.ground, actor, password=form.get("password"), session=session)
    with ask.ground.write() as tx:
        mine = queries.whoami(tx, actor).account.id
        if any(repos.count_of(tx, actor, mine, kind) for kind in Kind):
            raise Conflict("You still own repositories. Move or delete them first.")
        if buckets.buckets_of(tx, actor, mine, limit=1):
            raise Conflict("You still own buckets. Move or delete them first.")
        actions.delete_account(tx, actor, account=actor.name)
    return without_session(ask, see("/"))


def _account(
    ask: Ask, *, done: str = "", link: str = "", error: HubError | None = None
) -> Response:
    with ask.ground.read() as tx:
        sessions = queries.sessions_of(tx, ask.actor)
        invites = len(queries.invites_of(tx, ask.actor))
    return ask.page(
        "settings/account.html",
        sessions=[
            {"device": _browser(each.device), "created_at": each.created_at} for each in sessions
        ],
        invites=invites,
        link=link,
        **_said(done, error),
        headers={"Cache-Control": "no-store"},
    )


def _browser(device: str) -> str:
    """A user agent in two words."""
    names = ("Firefox", "Edg", "OPR", "Chrome", "Safari")
    systems = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")
    name = next((each for each in names if each in device), "")
    system = next((each for each in systems if each in device), "")
    known = {"Edg": "Edge", "OPR": "Opera", "Mac OS": "macOS"}
    words = [known.get(each, each) for each in (name, system) if each]
    return ", ".join(words) or device[:60]


def tokens(ask: Ask) -> Response:
    """One's access tokens."""
    return _tokens(ask)


def change_tokens(ask: Ask) -> Response:
    """Make or revoke a token."""
    try:
        if ask.form.get("act") == "mint":
            return _mint(ask)
        if ask.form.get("act") == "register":
            with ask.ground.write() as tx:
                keys.register(tx, ask.actor, key=ask.form.get("key"), name=ask.form.get("of"))
            ask.form.fields = {}
            return _tokens(ask, done=_("This key may pull what you may read, from now on."))
        with ask.ground.write() as tx:
            number = whole(ask.form.get("token"))
            if number is None:
                raise Invalid("This form could not be read.")
            actions.revoke_token(tx, ask.actor, token_id=number)
    except SAID_IN_THE_FORM as error:
        return _tokens(ask, error=error)
    return _tokens(ask, done=_("Revoked. Whatever used it is shut out from now on."))


def _mint(ask: Ask) -> Response:
    form = ask.form
    try:
        reach = Reach(form.get("role"))
    except ValueError:
        raise Invalid("Choose what the token may do.") from None
    days = whole(form.get("days"), digits_max=DAYS_DIGITS_MAX)
    with ask.ground.write() as tx:
        minted = actions.mint_token(
            tx,
            ask.actor,
            name=form.get("name"),
            role=reach,
            grants=_grants(tx, ask) if reach is Reach.FINE_GRAINED else (),
            days=TOKEN_DAYS if days is None else days or None,
        )
    ask.form.fields = {}
    return _tokens(ask, raw=minted.raw)


def _grants(tx: Tx, ask: Ask) -> tuple[Grant, ...]:
    """What a limited token is limited to, as its form says."""
    known = {act.value: act for act, _text in ACTS}
    acts = frozenset(known[each] for each in ask.form.all("act_of") if each in known)
    owners = ask.form.all("account")
    grants = [Grant(acts, account_id=queries.account(tx, name).id) for name in owners]
    named = ask.form.get("repositories").split()
    if len(named) > REPOSITORIES_MAX:
        raise Excessive(f"A token names at most {REPOSITORIES_MAX} repositories.")
    for address in named:
        prefix, _slash, rest = address.partition("/")
        kind = {"datasets": Kind.DATASET, "spaces": Kind.SPACE}.get(prefix)
        repo = repos.repo(tx, ask.actor, kind or Kind.MODEL, rest if kind else address)
        grants.append(Grant(acts, repo_id=repo.id))
    return tuple(grants)


def _tokens(ask: Ask, *, raw: str = "", done: str = "", error: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        mine, registered = queries.tokens_of(tx, ask.actor), key_queries.keys_of(tx, ask.actor)
        groups = queries.whoami(tx, ask.actor).organisations
    return ask.page(
        "settings/tokens.html",
        tokens=mine,
        keys=registered,
        raw=raw,
        form=ask.form,
        owners=[ask.actor.name, *(each.name for each in groups)],
        acts=[(act.value, text) for act, text in ACTS],
        **_said(done, error),
        headers={"Cache-Control": "no-store"},
    )


def _said(done: str, error: HubError | None) -> dict[str, Any]:
    status = problems.status(error) if error else 200
    return {"done": done, "fault": error.message if error else "", "status": status}


def theme(ask: Ask) -> Response:
    """Light, dark, or as the system has it: a cookie, so that it works without scripts."""
    chosen = ask.form.get("theme")
    response = see(local(ask.form.get("next"), came_from(ask.request)))
    if chosen in render.THEMES:
        response.set_cookie(
            render.THEME_COOKIE,
            chosen,
            max_age=THEME_SECONDS,
            path="/",
            samesite="lax",
            httponly=True,
        )
    else:
        response.delete_cookie(render.THEME_COOKIE, path="/", samesite="lax", httponly=True)
    return response


def preview(ask: Ask) -> Response:
    """Markdown as it would look, while it is typed."""
    from iriai.cards import render as cards  # noqa: PLC0415 - five megabytes

    text = ask.form.get("text")[:PREVIEW_LENGTH_MAX].replace("\r\n", "\n")
    return render.html(ask.request, cards.html(text, resolve="#", blob="#"))


def home(_ask: Ask) -> Response:
    """The settings start with the profile."""
    return see("/settings/profile")


ROUTES = [
    get("/settings", home, access=Access.SIGNED_IN),
    get("/settings/profile", profile, access=Access.SIGNED_IN),
    post("/settings/profile", change_profile, access=Access.SIGNED_IN),
    get("/settings/account", account, access=Access.SIGNED_IN),
    post("/settings/account", change_account, access=Access.SIGNED_IN),
    get("/settings/tokens", tokens, access=Access.SIGNED_IN),
    post("/settings/tokens", change_tokens, access=Access.SIGNED_IN),
    post("/settings/theme", theme, access=Access.ANYONE),
    post("/settings/preview", preview, access=Access.SIGNED_IN, size_max=EDIT_BYTES_MAX),
]
