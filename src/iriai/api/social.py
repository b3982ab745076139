"""Likes and followers, as clients ask for them."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door, shapes
from iriai.api.bodies import query_number
from iriai.base.errors import Invalid
from iriai.base.numbers import whole
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.identity import queries as identity
from iriai.identity.tables import Account
from iriai.repos import queries as repos
from iriai.repos.rules import Repo
from iriai.social import actions, queries
from iriai.social.rules import PAGE_LENGTH, Somebody


class Placed(Protocol):
    """A row of a list that knows where it stands."""

    @property
    def place(self) -> int: ...  # noqa: D102


# -- likes -------------------------------------------------------------------------------------


def like(request: Request) -> Response:
    """Like a repository. The clients leave this to pages; ours may."""
    with door.ground_of(request).write() as tx:
        count = actions.like(tx, door.actor_of(request), repo_in(request, tx))
    return door.json_answer({"likes": count})


def unlike(request: Request) -> Response:
    """Take a like back. Called by `unlike`."""
    with door.ground_of(request).write() as tx:
        count = actions.unlike(tx, door.actor_of(request), repo_in(request, tx))
    return door.json_answer({"likes": count})


@door.reading
def likers(request: Request, tx: Tx) -> Response:
    """Who likes a repository. Called by `list_repo_likers`."""
    before, limit = page_asked(request)
    found = queries.likers(tx, repo_in(request, tx), before=before, limit=limit)
    return page(request, found, [somebody(each) for each in found], limit)


@door.reading
def likes(request: Request, tx: Tx) -> Response:
    """What a person likes. Called by `list_liked_repos`."""
    before, limit = page_asked(request)
    account = identity.person(tx, named(request))
    viewer = door.actor_of(request)
    found = queries.likes_of(tx, viewer, account.id, before=before, limit=limit)
    rows = [
        {
            "createdAt": shapes.moment(each.since),
            "repo": {"name": each.repo.full_name, "type": each.repo.kind.value},
        }
        for each in found
    ]
    return page(request, found, rows, limit)


# -- followers ---------------------------------------------------------------------------------

Find = Callable[[Tx, str], Account]


def follows(find: Find, *, wanted: bool) -> Callable[[Request], Response]:
    """Follow a person or an organisation, or leave off."""

    def endpoint(request: Request) -> Response:
        """Follow, or leave off; doing it twice is doing it once."""
        with door.ground_of(request).write() as tx:
            act = actions.follow if wanted else actions.unfollow
            act(tx, door.actor_of(request), find(tx, named(request)))
        return door.json_answer({})

    return endpoint


def followers(find: Find) -> Callable[[Request], Response]:
    """Who follows. Called by `list_user_followers`, `list_organization_followers`."""

    @door.reading
    def endpoint(request: Request, tx: Tx) -> Response:
        """Who follows, the newest first."""
        before, limit = page_asked(request)
        account = find(tx, named(request))
        return people(request, tx, queries.followers(tx, account.id, before=before, limit=limit))

    return endpoint


@door.reading
def following(request: Request, tx: Tx) -> Response:
    """Whom a person follows. Called by `list_user_following`."""
    before, limit = page_asked(request)
    account = identity.person(tx, named(request))
    return people(request, tx, queries.following(tx, account.id, before=before, limit=limit))


def people(request: Request, tx: Tx, found: Sequence[Somebody]) -> Response:
    """A page of people and organisations, with whether the asker follows them."""
    _, limit = page_asked(request)
    mine = queries.followed(tx, door.actor_of(request), [each.id for each in found])
    rows = [somebody(each) | {"isFollowing": each.id in mine} for each in found]
    return page(request, found, rows, limit)


# -- shapes ------------------------------------------------------------------------------------


def somebody(found: Somebody) -> shapes.Shape:
    """A person or an organisation in a list. Read by `hf_api.User`."""
    return {
        "_id": shapes.object_id(found.id),
        "user": found.name,
        "fullname": found.fullname or found.name,
        "avatarUrl": shapes.avatar(found.name),
        "isPro": False,
        "type": "org" if found.is_organisation else "user",
    }


def page(request: Request, found: Sequence[Placed], rows: list[Any], limit: int) -> Response:
    """Rows, and the way to those that follow where the page is full."""
    headers = {}
    if len(found) == limit:
        headers["Link"] = door.next_page(request, cursor=found[-1].place)
    return door.json_answer(rows, headers=headers)


def page_asked(request: Request) -> tuple[int | None, int]:
    """Before which row a page begins, and how long it is."""
    given = request.query_params.get("cursor")
    cursor = None if given is None else whole(given)
    if given is not None and cursor is None:
        raise Invalid("This cursor makes no sense.")
    limit = query_number(request, "limit", default=PAGE_LENGTH, most=PAGE_LENGTH)
    return cursor, limit


def repo_in(request: Request, tx: Tx) -> Repo:
    """The repository of this address, as whoever asks may know of it."""
    kind, full_name = door.repo_named(request)
    return repos.repo(tx, door.actor_of(request), kind, full_name)


def named(request: Request) -> str:
    """The account in this address."""
    return address.decoded(request.path_params["account"])


def _routes() -> list[DeclaredRoute]:
    look, say = ["GET", "HEAD"], Access.SIGNED_IN
    user, group = "/api/users/{account}", "/api/organizations/{account}"
    made = [
        route(f"{user}/likes", likes, methods=look, access=Access.ANYONE),
        route(f"{user}/following", following, methods=look, access=Access.ANYONE),
    ]
    for where, find in ((user, identity.person), (group, identity.organisation)):
        made += [
            route(f"{where}/followers", followers(find), methods=look, access=Access.ANYONE),
            route(f"{where}/follow", follows(find, wanted=True), methods=["POST"], access=say),
            route(f"{where}/follow", follows(find, wanted=False), methods=["DELETE"], access=say),
        ]
    for plural in address.PLURAL_OF_KIND.values():
        base = f"/api/{plural}/{{owner}}/{{name}}"
        made += [
            route(f"{base}/like", like, methods=["POST"], access=say),
            route(f"{base}/like", unlike, methods=["DELETE"], access=say),
            route(f"{base}/likers", likers, methods=look, access=Access.REPO_READ),
        ]
    return made


ROUTES = _routes()
