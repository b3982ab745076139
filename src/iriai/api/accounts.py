"""People and organisations, as clients ask for them."""

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door, shapes
from iriai.api.bodies import query_number
from iriai.base.errors import Denied, Invalid
from iriai.base.numbers import whole
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.blobs import queries as blobs
from iriai.buckets import queries as buckets
from iriai.buckets.rules import Bucket
from iriai.discussions import queries as discussions
from iriai.identity import queries as identity
from iriai.identity.rules import may_read
from iriai.repos import queries as repos
from iriai.repos.rules import Repo
from iriai.social import queries as social

MEMBERS_PAGE = 500
REPOS_PAGE = 500


@door.reading
def whoami(request: Request, tx: Tx) -> Response:
    """Who the token belongs to. Called by `whoami`, `hf auth login`, hub.js `whoAmI`."""
    actor = door.actor_of(request)
    door.require_signed_in(actor)
    return door.json_answer(shapes.whoami(actor, identity.whoami(tx, actor)))


@door.reading
def person(request: Request, tx: Tx) -> Response:
    """A person. Called by `get_user_overview`."""
    found = identity.person_overview(tx, named(request))
    viewer = door.actor_of(request)
    counts = counted(request, tx, found.account.id)
    counts["discussions"] = discussions.count_by(tx, viewer, found.account.id)
    figures = social.figures(tx, viewer, found.account.id)
    return door.json_answer(shapes.person(found, counts, figures))


@door.reading
def organisation(request: Request, tx: Tx) -> Response:
    """An organisation. Called by `get_organization_overview`."""
    found = identity.organisation_overview(tx, named(request))
    counts = counted(request, tx, found.account.id)
    figures = social.figures(tx, door.actor_of(request), found.account.id)
    return door.json_answer(shapes.organisation(found, counts, figures))


@door.reading
def members(request: Request, tx: Tx) -> Response:
    """Who belongs to an organisation. Called by `list_organization_members`."""
    limit = query_number(request, "limit", default=MEMBERS_PAGE, most=MEMBERS_PAGE)
    account = identity.organisation(tx, named(request))
    after = request.query_params.get("cursor", "")
    found = list(identity.members(tx, account.id, after=after, limit=limit))
    headers = {}
    if len(found) == limit:
        headers["Link"] = door.next_page(request, cursor=found[-1].name)
    return door.json_answer([shapes.member(each) for each in found], headers=headers)


@door.reading_at_length
def own_repositories(request: Request, tx: Tx) -> Response:
    """What the asker owns takes up. Called by `list_user_repos`, `hf repos ls`."""
    actor = door.actor_of(request)
    door.require_signed_in(actor)
    return storage(request, tx, actor.id or 0)


@door.reading_at_length
def their_repositories(request: Request, tx: Tx) -> Response:
    """What an organisation's repositories and buckets take; its members see that."""
    actor = door.actor_of(request)
    door.require_signed_in(actor)
    account = identity.organisation(tx, named(request))
    if not may_read(actor, account.id):
        raise Denied("Only members of this organisation see what its repositories take.")
    return storage(request, tx, account.id)


def storage(request: Request, tx: Tx, owner_id: int) -> Response:
    """Repositories and buckets of an account with the bytes of each, biggest first."""
    first = whole(request.query_params.get("cursor", "0"))
    if first is None:
        raise Invalid("This cursor makes no sense.")
    viewer = door.actor_of(request)
    sized: list[tuple[int, Repo | Bucket]] = [
        (each.git_bytes + blobs.bytes_held(tx, each.id), each)
        for each in repos.repos_of(tx, viewer, owner_id)
    ]
    kept = buckets.buckets_of(tx, viewer, owner_id, limit=repos.REPOS_OF_MAX)
    sized += [(each.bytes, each) for each in kept]
    sized.sort(key=lambda each: (-each[0], each[1].id))  # no two share a number
    total = sum(size for size, _ in sized)
    headers = {}
    if len(sized) > first + REPOS_PAGE:
        headers["Link"] = door.next_page(request, cursor=first + REPOS_PAGE)
    page = sized[first : first + REPOS_PAGE]
    return door.json_answer(
        [shapes.storage_row(each, size, total) for size, each in page], headers=headers
    )


def counted(request: Request, tx: Tx, account_id: int) -> dict[str, int]:
    """How many repositories of each kind the asker sees of an account."""
    counts: dict[str, int] = {}
    for each in repos.repos_of(tx, door.actor_of(request), account_id):
        counts[each.kind] = counts.get(each.kind, 0) + 1
    return counts


def named(request: Request) -> str:
    """The account in this address."""
    return address.decoded(request.path_params["account"])


# -- asked in the background -------------------------------------------------------------------


async def telemetry(_request: Request) -> Response:
    """Clients report their version here (`utils/_telemetry.py`). Nothing is kept."""
    return Response(status_code=204)


async def agent_harnesses(_request: Request) -> Response:
    """A registry that clients fetch at their first call (`utils/_detect_agent.py`): empty."""
    return door.json_answer({"standardEnvVars": [], "harnesses": {}})


_LOOK = ["GET", "HEAD"]
ROUTES: list[DeclaredRoute] = [
    route("/api/whoami-v2", whoami, methods=_LOOK, access=Access.SIGNED_IN),
    route("/api/users/{account}/overview", person, methods=_LOOK, access=Access.ANYONE),
    route(
        "/api/organizations/{account}/overview",
        organisation,
        methods=_LOOK,
        access=Access.ANYONE,
    ),
    route("/api/organizations/{account}/members", members, methods=_LOOK, access=Access.ANYONE),
    route("/api/settings/repositories", own_repositories, methods=_LOOK, access=Access.SIGNED_IN),
    route(
        "/api/organizations/{account}/settings/repositories",
        their_repositories,
        methods=_LOOK,
        access=Access.SIGNED_IN,
    ),
    route("/api/telemetry/{topic:path}", telemetry, methods=_LOOK, access=Access.ANYONE),
    route("/api/agent-harnesses", agent_harnesses, methods=_LOOK, access=Access.ANYONE),
]
