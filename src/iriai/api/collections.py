"""Collections, in the words of `hf_api.Collection`."""

import base64
import binascii
import html
from datetime import datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door, problems, resource_groups, shapes
from iriai.api.bodies import Body, flag_field, query_number, text_field
from iriai.base.errors import Invalid
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.cards import queries as cards
from iriai.cards.queries import Card
from iriai.collections import actions, queries, rules
from iriai.collections.queries import Filters, Item, Sort
from iriai.collections.rules import Collection, ItemKind

PAGE = 20
TEXT_LENGTH_MAX = 10_000
NAME_LENGTH_MAX = 300
OWNERS_MAX = 20
POSITION_MAX = 1_000_000
CURSOR_LENGTH_MAX = 200

Shape = dict[str, Any]


# -- many --------------------------------------------------------------------------------------


@door.reading_at_length
def listed(request: Request, tx: Tx) -> Response:
    """Collections with the first four things of each. Called by `list_collections`."""
    query = request.query_params
    limit = query_number(request, "limit", default=PAGE, most=rules.PAGE_LENGTH)
    owners, holding = query.getlist("owner"), query.getlist("item")
    if len(owners) + len(holding) > OWNERS_MAX:
        raise Invalid(f"Ask for at most {OWNERS_MAX} owners and items at once.")
    filters = Filters(owners, [item_named(each) for each in holding])
    sort = order(query.get("sort"))
    viewer = door.actor_of(request)
    after = read_cursor(query.get("cursor"), sort)
    page = queries.collections(tx, viewer, filters, sort, after=after, limit=limit)
    held = queries.items(tx, viewer, [each.id for each in page.collections])
    few = {key: found[: rules.ITEMS_LISTED] for key, found in held.items()}
    known = known_cards(tx, [each for found in few.values() for each in found])
    rows = [shape(each, few[each.id], known) for each in page.collections]
    for row in rows:
        del row["position"]  # the client counts for itself, and takes no second position
    headers = {}
    if page.after is not None:
        headers["Link"] = door.next_page(request, cursor=written_cursor(page.after))
    return door.json_answer(rows, headers=headers)


@door.with_json
def create(request: Request, body: Body) -> Response:
    """An empty collection. Called by `create_collection`, which reads `slug` of a 409."""
    resource_groups.require_none(body)
    actor = door.actor_of(request)
    first = body.get("item")
    try:
        with door.ground_of(request).write() as tx:
            made = actions.create(
                tx,
                actor,
                owner=text_field(body, "namespace", default=actor.name, length_max=NAME_LENGTH_MAX),
                title=text_field(body, "title", length_max=TEXT_LENGTH_MAX),
                description=text_field(body, "description", default="", length_max=TEXT_LENGTH_MAX),
                is_private=bool(flag_field(body, "private")),
            )
            if first is not None:
                put_in(request, tx, made, body)
            return whole(request, tx, made.owner.name, made.key)
    except rules.TitleTaken as error:
        return problems.answer(error, slug=error.slug)


# -- one ---------------------------------------------------------------------------------------


@door.reading
def one(request: Request, tx: Tx) -> Response:
    """A collection with all it holds. Called by `get_collection`."""
    return whole(request, tx, *names_in(request))


@door.with_json
def change(request: Request, body: Body) -> Response:
    """Title, description, place, colour, who sees it. Called by `update_collection_metadata`."""
    try:
        with door.ground_of(request).write() as tx:
            made = actions.change(
                tx,
                door.actor_of(request),
                found(request, tx),
                title=optional_text(body, "title"),
                description=optional_text(body, "description"),
                is_private=flag_field(body, "private"),
                theme=optional_text(body, "theme"),
                position=position_in(body),
            )
            return whole(request, tx, made.owner.name, made.key, under="data")
    except rules.TitleTaken as error:
        return problems.answer(error, slug=error.slug)


def delete(request: Request) -> Response:
    """A collection less. Called by `delete_collection`."""
    with door.ground_of(request).write() as tx:
        actions.remove(tx, door.actor_of(request), found(request, tx))
    return door.json_answer({})


@door.with_json
def regroup(request: Request, body: Body) -> Response:
    """Out of its resource group, where nothing is in one, or `Unknown` for a group that is named.

    Called by `update_collection_resource_group`.
    """
    with door.ground_of(request).read() as tx:
        kept = found(request, tx)
    rules.require_may_keep(door.actor_of(request), kept.owner.id)
    if not kept.owner.is_organisation:
        raise Invalid("Only a collection of an organisation can be in a resource group.")
    resource_groups.require_none(body)
    return door.json_answer({"data": {"resourceGroup": None}})


def upvote(request: Request) -> Response:
    """Recommend a collection (POST), or no longer (DELETE)."""
    with door.ground_of(request).write() as tx:
        wanted = request.method == "POST"
        count = actions.recommend(tx, door.actor_of(request), found(request, tx), wanted=wanted)
    return door.json_answer({"upvotes": count})


# -- what it holds -----------------------------------------------------------------------------


@door.with_json
def add(request: Request, body: Body) -> Response:
    """One thing more, at the end. Called by `add_collection_item`."""
    with door.ground_of(request).write() as tx:
        into = found(request, tx)
        put_in(request, tx, into, body)
        return whole(request, tx, into.owner.name, into.key)


@door.with_json
def change_item(request: Request, body: Body) -> Response:
    """Another note or place. Called by `update_collection_item`."""
    with door.ground_of(request).write() as tx:
        actions.change_item(
            tx,
            door.actor_of(request),
            found(request, tx),
            request.path_params["key"],
            note=optional_text(body, "note"),
            position=position_in(body),
        )
    return door.json_answer({"success": True})


def take_out(request: Request) -> Response:
    """One thing less. Called by `delete_collection_item`."""
    with door.ground_of(request).write() as tx:
        actions.take_out(tx, door.actor_of(request), found(request, tx), request.path_params["key"])
    return door.json_answer({"success": True})


def put_in(request: Request, tx: Tx, into: Collection, body: Body) -> None:
    """Add what a body's `item` names, with its `note`."""
    item = body.get("item")
    if not isinstance(item, dict):
        raise Invalid('"item" must be an object with "type" and "id".')
    actions.add(
        tx,
        door.actor_of(request),
        into,
        kind=text_field(item, "type", length_max=NAME_LENGTH_MAX),
        name=text_field(item, "id", length_max=NAME_LENGTH_MAX),
        note=text_field(body, "note", default="", length_max=TEXT_LENGTH_MAX),
    )


# -- shapes ------------------------------------------------------------------------------------


def whole(
    request: Request, tx: Tx, namespace: str, slug: str, *, under: str | None = None
) -> Response:
    """A collection as it is now, with all it holds."""
    viewer = door.actor_of(request)
    made = queries.collection(tx, viewer, namespace, slug)
    held = queries.items(tx, viewer, [made.id])[made.id]
    content = shape(made, held, known_cards(tx, held))
    return door.json_answer(content if under is None else {under: content, "success": True})


def shape(made: Collection, held: list[Item], known: dict[int, Card]) -> Shape:
    """Read by `hf_api.Collection`: all of it but the description must be there."""
    return {
        "_id": made.key,
        "slug": made.slug,
        "title": made.title,
        "description": made.description or None,
        "lastUpdated": shapes.moment(made.updated_at),
        "owner": {
            "_id": shapes.object_id(made.owner.id),
            "name": made.owner.name,
            "fullname": made.owner.fullname or made.owner.name,
            "type": "org" if made.owner.is_organisation else "user",
            "avatarUrl": shapes.avatar(made.owner.name),
            "isPro": False,
        },
        "items": [item_shape(each, known) for each in held],
        "position": made.position,
        "private": made.is_private,
        "theme": made.theme.value,
        "upvotes": made.upvotes,
        "shareUrl": f"/collections/{made.slug}",
    }


def item_shape(item: Item, known: dict[int, Card]) -> Shape:
    """Read by `hf_api.CollectionItem`; a collection is known by its slug."""
    made: Shape = {"_id": item.key, "type": item.kind.value, "position": item.position}
    if item.note:
        made["note"] = {"text": item.note, "html": html.escape(item.note)}
    if item.repo is not None:
        repo, card = item.repo, known.get(item.repo.id)
        return made | {
            "id": repo.full_name,
            "author": repo.owner,
            "downloads": repo.downloads,
            "likes": repo.likes,
            "gated": repo.gated.value if repo.gated else False,
            "private": repo.is_private,
            "lastModified": shapes.moment(repo.updated_at),
            "repoType": repo.kind.value,
            **({"pipeline_tag": card.pipeline_tag} if card and card.pipeline_tag else {}),
        }
    if item.collection is not None:
        other = item.collection
        return made | {
            "id": other.key,
            "slug": other.slug,
            "title": other.title,
            "owner": {"name": other.owner.name},
            "lastUpdated": shapes.moment(other.updated_at),
            "upvotes": other.upvotes,
            "theme": other.theme.value,
        }
    if item.bucket is not None:
        bucket = item.bucket
        return made | {
            "id": bucket.full_name,
            "author": bucket.owner,
            "private": bucket.is_private,
            "lastModified": shapes.moment(bucket.updated_at),
            "repoType": "bucket",
        }
    return made | {"id": item.target, "title": f"arXiv:{item.target}"}


def known_cards(tx: Tx, held: list[Item]) -> dict[int, Card]:
    """The cards of the repositories among these."""
    return cards.cards(tx, {each.repo.id for each in held if each.repo is not None})


# -- what was asked ----------------------------------------------------------------------------


def names_in(request: Request) -> tuple[str, str]:
    """The two halves of a slug."""
    params = request.path_params
    return address.decoded(params["namespace"]), address.decoded(params["slug"])


def found(request: Request, tx: Tx) -> Collection:
    """The collection of this address, as whoever asks may know of it."""
    return queries.collection(tx, door.actor_of(request), *names_in(request))


def item_named(text: str) -> tuple[ItemKind, str]:
    """`models/ada/tiny`, as `list_collections(item=…)` sends it; one without a kind is a model."""
    head, slash, rest = text.partition("/")
    kinds = {f"{kind}s": kind for kind in ItemKind}
    if len(text) > NAME_LENGTH_MAX or not slash:
        raise Invalid('"item" must be like "models/ada/tiny" or "papers/2311.12983".')
    return (kinds[head], rest) if head in kinds else (ItemKind.MODEL, text)


def order(asked: str | None) -> Sort:
    """How a list is ordered; what changed last comes first."""
    try:
        return Sort(asked) if asked else Sort.UPDATED
    except ValueError:
        raise Invalid(f'"sort" must be one of [{", ".join(Sort)}].') from None


def optional_text(body: Body, name: str) -> str | None:
    """A text of a body, or None where it is absent."""
    return None if body.get(name) is None else text_field(body, name, length_max=TEXT_LENGTH_MAX)


def position_in(body: Body) -> int | None:
    """A place of a body, counted from 0."""
    given = body.get("position")
    if given is None:
        return None
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given <= POSITION_MAX:
        raise Invalid('"position" must be a number from 0.')
    return given


def written_cursor(after: tuple[Any, int]) -> str:
    """Where a list goes on."""
    value, last = after
    kept = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(orjson.dumps([kept, last])).decode().rstrip("=")


def read_cursor(cursor: str | None, sort: Sort) -> tuple[Any, int] | None:
    """The place that a cursor names."""
    if not cursor:
        return None
    try:
        if len(cursor) > CURSOR_LENGTH_MAX:
            raise ValueError(cursor)
        value, last = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if sort is Sort.UPDATED:
            value = datetime.fromisoformat(value)
            if value.tzinfo is None:
                raise ValueError(value)
        elif not isinstance(value, int):
            raise TypeError(value)
        return value, int(last)
    except (ValueError, TypeError, binascii.Error):
        raise Invalid("This cursor makes no sense.") from None


def _routes() -> list[DeclaredRoute]:
    base, look = "/api/collections", ["GET", "HEAD"]
    where = f"{base}/{{namespace}}/{{slug}}"
    item = f"{where}/items/{{key}}"
    anyone, keep = Access.ANYONE, Access.SIGNED_IN
    return [
        route(base, listed, methods=look, access=anyone),
        route(base, create, methods=["POST"], access=keep),
        route(where, one, methods=look, access=anyone),
        route(where, change, methods=["PATCH"], access=keep),
        route(where, delete, methods=["DELETE"], access=keep),
        route(f"{where}/resource-group", regroup, methods=["POST"], access=keep),
        route(f"{where}/upvote", upvote, methods=["POST", "DELETE"], access=keep),
        route(f"{where}/items", add, methods=["POST"], access=keep),
        route(item, change_item, methods=["PATCH"], access=keep),
        route(item, take_out, methods=["DELETE"], access=keep),
    ]


ROUTES = _routes()
