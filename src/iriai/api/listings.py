"""Which repositories there are, a page at a time, and what lists can be narrowed by.

Called by `list_models`, `list_datasets`, `list_spaces`, `search_spaces`, `get_model_tags` and
`get_dataset_tags`, by `hf models|datasets|spaces ls` and by hub.js `listModels` and kin.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door
from iriai.api.bodies import query_flag, query_number
from iriai.api.facts import FULL, ROW, Facts, asked_fields, info
from iriai.api.models_and_datasets import expanded, files_of, names_of
from iriai.api.shapes import Shape, avatar, object_id
from iriai.base.errors import Invalid
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.blobs import queries as blobs
from iriai.cards import queries as cards
from iriai.cards.facts import LINKED
from iriai.cards.queries import Card
from iriai.cards.vocabulary import TASKS
from iriai.identity.rules import ANYONE
from iriai.repos.rules import Kind, Repo, may_read
from iriai.search import facets
from iriai.search import queries as search
from iriai.search.rules import Asked, Order, parameters

LISTING_PAGE = 100
LISTING_PAGE_MAX = 1_000
FULL_PAGE_MAX = 100
CURSOR_LENGTH_MAX = 400
TAGS_BY_TYPE_MAX = 5_000
SPACES_FOUND_MAX = 50
QUICK_MAX = 10

ORDERS: Mapping[str, Order] = {
    "createdAt": Order.CREATED,
    "created_at": Order.CREATED,
    "downloads": Order.DOWNLOADS,
    "lastModified": Order.UPDATED,
    "last_modified": Order.UPDATED,
    "likes": Order.LIKES,
    "likes7d": Order.LIKES,
    "likes30d": Order.LIKES,
    "trendingScore": Order.TRENDING,
    "trending_score": Order.TRENDING,
}
"""How a listing can be ordered, newest or most first."""


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
    look, by = asked(request, kind), order(request)
    if any(request.query_params.get(each) for each in ("inference", "inference_provider")):
        return door.json_answer([])  # nobody runs models for this hub
    viewer = door.actor_of(request)
    named_first = not request.query_params.get("sort")
    page = search.found(tx, viewer, look, by, after=cursor, limit=limit, named_first=named_first)
    headers = {}
    if page.after is not None:
        headers["Link"] = door.next_page(request, cursor=page.after)
    made = rows(request, tx, page.repos, fields, was_asked=bool(expand))
    return door.json_answer(made, headers=headers)


def row_fields(request: Request, kind: Kind, *, full: bool) -> list[str]:
    """What a row has without `expand`: more with `full`, `cardData` and `config`."""
    fields = list(ROW[kind])
    fields += FULL if full else []
    fields += ["cardData"] if full and kind is not Kind.MODEL else []
    fields += [name for name in ("cardData", "config") if query_flag(request, name)]
    return [each for each in dict.fromkeys(fields) if each != "config" or kind == "model"]


def rows(
    request: Request, tx: Tx, repos: Sequence[Repo], fields: Sequence[str], *, was_asked: bool
) -> list[Shape]:
    """The rows of a listing."""
    ids = [each.id for each in repos]
    known = cards.cards(tx, ids)
    trends = search.trending(tx, ids) if "trendingScore" in fields else {}
    ever = search.downloads_ever(tx, ids) if "downloadsAllTime" in fields else {}
    viewer, names = door.actor_of(request), [each.full_name for each in repos]
    built = search.built_on(tx, viewer, names) if "childrenModelCount" in fields else {}
    used = search.used_in(tx, viewer, names) if "spaces" in fields else {}

    def row(repo: Repo, card: Card | None) -> Shape:
        facts = Facts(
            repo=repo,
            sha=repo.head,
            card=card,
            files=lambda: files_of(tx, repo, repo.head),
            names=lambda: names_of(tx, repo, repo.head),
            storage=lambda: repo.git_bytes + blobs.bytes_held(tx, repo.id),
            may_list=may_read(viewer, repo),
            trending=lambda: trends.get(repo.id, 0),
            downloads_ever=lambda: ever.get(repo.id, 0),
            children=lambda: built[repo.full_name],
            spaces=lambda: used[repo.full_name],
        )
        return info(facts, fields, asked=was_asked)

    return [row(each, known.get(each.id)) for each in repos]


def asked(request: Request, kind: Kind) -> Asked:
    """What to list, out of the query."""
    query = request.query_params
    tags = [*_listed(request, "filter"), *_listed(request, "tags")]
    if kind is Kind.SPACE:
        tags += [f"model:{each}" for each in _listed(request, "models")]
        tags += [f"dataset:{each}" for each in _listed(request, "datasets")]
        tags += [LINKED] if query_flag(request, "linked") else []
    low, high = parameters(query["num_parameters"]) if query.get("num_parameters") else (None, None)
    return Asked(
        kind=kind.value,
        search=tuple(each for each in query.getlist("search") if each.strip()),
        tags=tuple(tags),
        author=query.get("author") or None,
        pipeline_tag=query.get("pipeline_tag") or None,
        library=query.get("library") or None,
        language=query.get("language") or None,
        licence=query.get("license") or None,
        gated=query_flag(request, "gated") if query.get("gated") else None,
        parameters_min=low,
        parameters_max=high,
        sdks=tuple(_listed(request, "sdk")),
        apps=tuple(_listed(request, "apps")),
    )


def _listed(request: Request, name: str) -> list[str]:
    """The values of a parameter that may be repeated, or hold several with commas between."""
    given = [*request.query_params.getlist(name), *request.query_params.getlist(f"{name}[]")]
    return [piece.strip() for each in given for piece in each.split(",") if piece.strip()]


def order(request: Request) -> Order:
    """How the listing is ordered."""
    by = request.query_params.get("sort") or "trendingScore"
    try:
        return ORDERS[by]
    except KeyError:
        usual = "createdAt, downloads, lastModified, likes, trendingScore"
        raise Invalid(f'"sort" must be one of [{usual}]') from None


# -- spaces by their words, and everything at once ---------------------------------------------


@door.reading_at_length
def spaces_found(request: Request, tx: Tx) -> Response:
    """Spaces by the words of their cards. Called by `search_spaces`.

    Nothing runs here, so that `includeNonRunning` changes nothing; what a model would have to say
    (category, relevancy) is null.
    """
    text = request.query_params.get("q", "")
    if not text.strip():
        raise Invalid('"q" is what to search for.')
    look = Asked(
        kind="space",
        search=(text,),
        tags=tuple(_listed(request, "filter")),
        sdks=tuple(_listed(request, "sdk")),
    )
    page = search.found(tx, door.actor_of(request), look, limit=SPACES_FOUND_MAX, named_first=True)
    ids = [each.id for each in page.repos]
    known, trends = cards.cards(tx, ids), search.trending(tx, ids)
    return door.json_answer(
        [_space(each, known.get(each.id), trends.get(each.id, 0)) for each in page.repos]
    )


def _space(repo: Repo, card: Card | None, trending: int) -> Shape:
    """One space found. Read by `_space_api.SpaceSearchResult`."""
    data: Mapping[str, Any] = card.data if card else {}
    return {
        "_id": object_id(repo.id),
        "id": repo.full_name,
        "author": repo.owner,
        "title": str(data.get("title") or repo.name),
        "emoji": data.get("emoji"),
        "shortDescription": data.get("short_description"),
        "sdk": repo.sdk,
        "likes": repo.likes,
        "private": repo.is_private,
        "tags": list(card.tags) if card else [],
        "runtime": None,
        "ai_short_description": None,
        "ai_category": None,
        "semanticRelevancyScore": None,
        "trendingScore": trending,
    }


@door.reading_at_length
def quick(request: Request, tx: Tx) -> Response:
    """A few of everything that has these words, for a search box."""
    text = request.query_params.get("q", "")
    most = query_number(request, "limit", default=QUICK_MAX, most=QUICK_MAX)
    viewer = door.actor_of(request)
    shape: Shape = {"q": text}
    for kind in Kind:
        look = Asked(kind.value, search=(text,) if text.strip() else ())
        page = search.found(tx, viewer, look, limit=most, named_first=True)
        shape[f"{kind}s"] = [
            {"_id": object_id(each.id), "id": each.full_name, "private": each.is_private}
            for each in page.repos
        ]
    people = search.people(tx, text, most)
    for name, key, kinds in (("user", "users", {"person"}), ("name", "orgs", {"organisation"})):
        shape[key] = [
            {name: account, "fullname": fullname or account, "avatarUrl": avatar(account)}
            for kind, account, fullname in people
            if kind in kinds
        ]
    return door.json_answer(shape)


# -- what lists can be narrowed by -------------------------------------------------------------


@door.reading_at_length
def model_tags(_request: Request, tx: Tx) -> Response:
    """The tags of models by what they are. Called by `get_model_tags`."""
    return door.json_answer(_by_type(tx, Kind.MODEL))


@door.reading_at_length
def dataset_tags(_request: Request, tx: Tx) -> Response:
    """The tags of datasets by what they are. Called by `get_dataset_tags`."""
    return door.json_answer(_by_type(tx, Kind.DATASET))


def _by_type(tx: Tx, kind: Kind) -> Shape:
    known = facets.by_type(kind, search.tags(tx, kind, TAGS_BY_TYPE_MAX))
    return {
        type_: [
            {"type": type_, "id": each.id, "label": each.label, "count": each.count}
            for each in known.get(type_, ())
        ]
        for type_ in sorted({*known, *facets.TYPES[kind]})
    }


@door.reading_at_length
def tasks(_request: Request, tx: Tx) -> Response:
    """Each task with a model that does it here, if there is one. Called by `InferenceClient`."""
    known = {tag for tag, _count in search.tags(tx, "model", TAGS_BY_TYPE_MAX)}
    shape = {}
    for task in sorted(TASKS):
        models = []
        if task in known:
            page = search.found(tx, ANYONE, Asked("model", pipeline_tag=task), limit=1)
            models = [each.full_name for each in page.repos]
        shape[task] = {
            "id": task,
            "label": task.replace("-", " ").capitalize(),
            "summary": "",
            "widgetModels": models,
            "models": [{"id": each, "description": ""} for each in models],
            "datasets": [],
            "spaces": [],
            "metrics": [],
        }
    return door.json_answer(shape)


def _routes() -> list[DeclaredRoute]:
    everyone, get = Access.ANYONE, ["GET", "HEAD"]
    made = [
        route(f"/api/{plural}", listing, methods=get, access=everyone)
        for plural in address.PLURAL_OF_KIND.values()
    ]
    return made + [
        route(path, handler, methods=get, access=everyone)
        for path, handler in (
            ("/api/spaces/semantic-search", spaces_found),
            ("/api/quicksearch", quick),
            ("/api/models-tags-by-type", model_tags),
            ("/api/datasets-tags-by-type", dataset_tags),
            ("/api/tasks", tasks),
        )
    ]


ROUTES = _routes()
