"""What a repository is, and which ones there are. Called by `model_info`, `list_models` and kin."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door
from iriai.api.bodies import query_flag, query_number
from iriai.api.facts import FULL, INFO, ROW, Facts, asked_fields, info
from iriai.base.errors import Invalid
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.blobs import queries as blobs
from iriai.cards import queries as cards
from iriai.cards.queries import Card, Wanted
from iriai.repos import queries as repos
from iriai.repos.git.entries import File
from iriai.repos.queries import Filters, Sort
from iriai.repos.rules import Kind, Repo, may_read, unknown_repo

LISTING_PAGE = 100
LISTING_PAGE_MAX = 1_000
FULL_PAGE_MAX = 100
WORDS_MAX = 20
WORD_LENGTH_MAX = 200
CURSOR_LENGTH_MAX = 400

SORTS: Mapping[str, Sort] = {
    "createdAt": Sort.CREATED,
    "created_at": Sort.CREATED,
    "downloads": Sort.DOWNLOADS,
    "lastModified": Sort.UPDATED,
    "last_modified": Sort.UPDATED,
    "likes": Sort.LIKES,
    "likes7d": Sort.LIKES,
    "trendingScore": Sort.DOWNLOADS,
    "trending_score": Sort.DOWNLOADS,
}
"""How a listing can be ordered, newest or most first. Trending counts downloads for now."""


# -- one repository ----------------------------------------------------------------------------


@door.reading
def of_main(request: Request, tx: Tx) -> Response:
    """A repository as it is on main. Called by `model_info`, `repo_exists`, from_pretrained."""
    kind, full_name = door.repo_named(request)
    repo = repos.repo(tx, door.actor_of(request), Kind(kind), full_name)
    return described(request, tx, repo, repo.head)


@door.reading
def of_revision(request: Request, tx: Tx) -> Response:
    """The same at any revision. Called by `snapshot_download`, hub.js `modelInfo`."""
    kind, full_name = door.repo_named(request)
    revision = address.revision(request.path_params["tail"])
    viewer = door.actor_of(request)
    repo, sha = repos.repo_at(tx, viewer, Kind(kind), full_name, revision)
    return described(request, tx, repo, sha)


def described(request: Request, tx: Tx, repo: Repo, sha: str | None) -> Response:
    """The info: everything usual, or just what `expand` asks for."""
    expand = expanded(request)
    fields = asked_fields(repo.kind, expand) if expand else INFO[repo.kind]
    facts = Facts(
        repo=repo,
        sha=sha,
        card=cards.card(tx, repo.id),
        files=lambda: files_of(tx, repo, sha),
        storage=lambda: repo.git_bytes + blobs.bytes_held(tx, repo.id),
        may_list=may_read(door.actor_of(request), repo),
        blobs=query_flag(request, "blobs"),
    )
    shape = info(facts, fields, asked=bool(expand))
    return door.json_answer(shape, headers={"X-Repo-Commit": sha} if sha else None)


def files_of(tx: Tx, repo: Repo, sha: str | None) -> Sequence[File]:
    """All files at this commit. A gate does not hide their names; a protected space does."""
    if sha is None:
        return ()
    found = repos.objects(tx.ground, repo.id).tree(sha, recursive=True).entries
    return [each for each in found if isinstance(each, File)]


def expanded(request: Request) -> list[str]:
    """The fields that `expand` (Python) or `expand[]` (JavaScript) asks for."""
    query = request.query_params
    return [*query.getlist("expand"), *query.getlist("expand[]")]


def ownerless(_request: Request) -> Response:
    """`/api/models/gpt2`: every repository here has an owner, so there is none."""
    raise unknown_repo()


# -- many --------------------------------------------------------------------------------------


@door.reading_at_length
def listing(request: Request, tx: Tx) -> Response:
    """Repositories of one kind, a page at a time. Called by `list_models`, hub.js `listModels`."""
    kind = Kind(address.kind_of(request.scope["path"].split("/")[2]))
    expand, full = expanded(request), query_flag(request, "full")
    fields = asked_fields(kind, expand) if expand else row_fields(request, kind, full=full)
    heavy = "siblings" in fields
    limit = query_number(
        request, "limit", default=LISTING_PAGE, most=FULL_PAGE_MAX if heavy else LISTING_PAGE_MAX
    )
    cursor = request.query_params.get("cursor") or None
    if cursor and len(cursor) > CURSOR_LENGTH_MAX:
        raise Invalid("This cursor makes no sense.")
    viewer = door.actor_of(request)
    page = repos.listing(tx, viewer, filters(request, kind), order(request), cursor, limit)
    known = cards.cards(tx, [each.id for each in page.repos])
    rows = [
        row(request, tx, each, known.get(each.id), fields, asked=bool(expand))
        for each in page.repos
    ]
    headers = {}
    if page.after is not None:
        headers["Link"] = door.next_page(request, cursor=page.after)
    return door.json_answer(rows, headers=headers)


def row_fields(request: Request, kind: Kind, *, full: bool) -> list[str]:
    """What a row has without `expand`: more with `full`, `cardData` and `config`."""
    fields = list(ROW[kind])
    fields += FULL if full else []
    fields += [name for name in ("cardData", "config") if query_flag(request, name)]
    return [each for each in dict.fromkeys(fields) if each != "config" or kind == "model"]


def row(
    request: Request,
    tx: Tx,
    repo: Repo,
    card: Card | None,
    fields: Sequence[str],
    *,
    asked: bool,
) -> dict[str, object]:
    """One repository of a listing."""
    facts = Facts(
        repo=repo,
        sha=repo.head,
        card=card,
        files=lambda: files_of(tx, repo, repo.head),
        storage=lambda: repo.git_bytes + blobs.bytes_held(tx, repo.id),
        may_list=may_read(door.actor_of(request), repo),
    )
    return info(facts, fields, asked=asked)


def filters(request: Request, kind: Kind) -> Filters:
    """What to list: words, author, tags, gate."""
    query = request.query_params
    tags = [*query.getlist("filter"), *query.getlist("tags")]
    tags = [piece.strip() for each in tags for piece in each.split(",") if piece.strip()]
    words = query.getlist("search")
    for each in [*tags, *words, query.get("author", ""), query.get("pipeline_tag", "")]:
        if len(each) > WORD_LENGTH_MAX:
            raise Invalid(f"A filter has at most {WORD_LENGTH_MAX} characters.")
    if len(tags) + len(words) > WORDS_MAX:
        raise Invalid(f"Ask for at most {WORDS_MAX} words and tags at once.")
    pipeline = query.get("pipeline_tag") or None
    return Filters(
        kind=kind,
        author=query.get("author") or None,
        search=" ".join(words) or None,
        gated=query_flag(request, "gated") if query.get("gated") else None,
        narrow=partial(_narrowed, Wanted(tags=tuple(tags), pipeline_tag=pipeline)),
    )


def _narrowed(wanted: Wanted, query: Any, repo_id: Any) -> Any:
    return cards.narrowed(query, repo_id, wanted)


def order(request: Request) -> Sort:
    """How the listing is ordered."""
    asked = request.query_params.get("sort") or "trendingScore"
    try:
        return SORTS[asked]
    except KeyError:
        usual = "createdAt, downloads, lastModified, likes, trendingScore"
        raise Invalid(f'"sort" must be one of [{usual}]') from None


def _routes() -> list[DeclaredRoute]:
    made = []
    read, everyone, get = Access.REPO_READ, Access.ANYONE, ["GET", "HEAD"]
    for plural in address.PLURAL_OF_KIND.values():
        base = f"/api/{plural}"
        where, tail = f"{base}/{{owner}}/{{name}}", "{tail:path}"
        made += [
            route(base, listing, methods=get, access=everyone),
            route(f"{base}/{{name}}", ownerless, methods=get, access=everyone),
            route(where, of_main, methods=get, access=read),
            route(f"{where}/revision/{tail}", of_revision, methods=get, access=read),
        ]
        made += [
            route(f"{base}/{{name}}/{verb}/{tail}", ownerless, methods=get, access=everyone)
            for verb in ("revision", "tree", "commits")
        ]
    made += [
        route(f"{prefix}/{{name}}/resolve/{{tail:path}}", ownerless, methods=get, access=everyone)
        for prefix in ("", "/datasets", "/spaces")
    ]
    return made


ROUTES = _routes()
