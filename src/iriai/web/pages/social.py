"""Likes and followers: the buttons, and the lists behind the figures."""

from starlette.responses import Response

from iriai.base.routing import Access
from iriai.identity import queries as identity
from iriai.repos import queries as repos
from iriai.repos.rules import Kind
from iriai.social import actions, queries
from iriai.web import links
from iriai.web.door import Ask, get, post, see
from iriai.web.repository import of_each_kind
from iriai.web.rows import rows
from iriai.web.texts import gettext as _

PAGE = 30
PLACE_MAX = 10**15


def like(ask: Ask, kind: Kind, full_name: str) -> Response:
    """Like a repository, or no longer."""
    with ask.ground.write() as tx:
        repo = repos.repo(tx, ask.actor, kind, full_name)
        act = actions.unlike if ask.form.has("undo") else actions.like
        act(tx, ask.actor, repo)
    return see(links.repo(repo))


def follow(ask: Ask) -> Response:
    """Follow somebody, or no longer."""
    with ask.ground.write() as tx:
        account = identity.account(tx, ask.part("name"))
        act = actions.unfollow if ask.form.has("undo") else actions.follow
        act(tx, ask.actor, account)
        name = account.name
    return see(links.account(name))


def followers(ask: Ask) -> Response:
    """Who follows somebody."""
    return _people(ask, following=False)


def following(ask: Ask) -> Response:
    """Whom somebody follows."""
    return _people(ask, following=True)


def likes(ask: Ask) -> Response:
    """What somebody likes."""
    with ask.ground.read() as tx:
        account = identity.person(tx, ask.part("name"))
        before = ask.number("before", 0, most=PLACE_MAX) or None
        found = queries.likes_of(tx, ask.actor, account.id, before=before, limit=PAGE)
        listed = rows(tx, [each.repo for each in found])
    return ask.page(
        "social/list.html",
        account=account,
        title=_("What %(name)s likes") % {"name": account.name},
        nothing=_("No likes yet"),
        repos=listed,
        people=(),
        older=_older(ask, found[-1].place if len(found) == PAGE else None),
        twin=f"/api/users{links.account(account.name)}/likes",
    )


def _people(ask: Ask, *, following: bool) -> Response:
    with ask.ground.read() as tx:
        account = identity.account(tx, ask.part("name"))
        before = ask.number("before", 0, most=PLACE_MAX) or None
        find = queries.following if following else queries.followers
        found = find(tx, account.id, before=before, limit=PAGE)
    title = _("Whom %(name)s follows") if following else _("Who follows %(name)s")
    plural = "organizations" if account.is_organisation else "users"
    return ask.page(
        "social/list.html",
        account=account,
        title=title % {"name": account.name},
        nothing=_("Nobody yet"),
        repos=(),
        people=found,
        older=_older(ask, found[-1].place if len(found) == PAGE else None),
        twin=f"/api/{plural}{links.account(account.name)}/"
        + ("following" if following else "followers"),
    )


def _older(ask: Ask, place: int | None) -> str:
    if place is None:
        return ""
    return links.with_query(ask.request.scope["path"], before=place)


ROUTES = [
    *of_each_kind(post, "/like", like, access=Access.SIGNED_IN),
    post("/users/{name}/follow", follow, access=Access.SIGNED_IN),
    get("/users/{name}/followers", followers, access=Access.ANYONE),
    get("/users/{name}/following", following, access=Access.ANYONE),
    get("/users/{name}/likes", likes, access=Access.ANYONE),
]
