"""Collections: all of them, one of them, and the forms by which it is kept."""

from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, Excessive, Gone, HubError, Invalid, Unknown
from iriai.base.numbers import whole
from iriai.base.routing import Access
from iriai.base.tx import Tx
from iriai.collections import actions, queries, rules
from iriai.collections.queries import Filters, Sort
from iriai.collections.rules import Collection
from iriai.identity.rules import Act, Subject, may
from iriai.web import links, problems
from iriai.web.door import Ask, get, post, see

SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive, Unknown, Gone)
LISTED = 50
PLACE_DIGITS_MAX = 6


def listed(ask: Ask) -> Response:
    """The collections that changed last, or one account's."""
    owner = ask.query("owner")[:100]
    filters = Filters([owner] if owner else [])
    with ask.ground.read() as tx:
        page = queries.collections(tx, ask.actor, filters, Sort.UPDATED, limit=LISTED)
        held = queries.items(tx, ask.actor, [each.id for each in page.collections])
    return ask.page(
        "collections/list.html",
        owner=owner,
        found=[(each, len(held[each.id])) for each in page.collections],
        twin=links.with_query("/api/collections", owner=owner),
    )


def new(ask: Ask, error: HubError | None = None) -> Response:
    """The form for a collection of one's own."""
    return ask.page(
        "collections/new.html",
        form=ask.form,
        fault=error.message if error else "",
        status=problems.status(error) if error else 200,
    )


def create(ask: Ask) -> Response:
    """Make it."""
    form = ask.form
    try:
        with ask.ground.write() as tx:
            made = actions.create(
                tx,
                ask.actor,
                owner=form.get("owner").strip() or ask.actor.name,
                title=form.get("title"),
                description=form.get("description"),
                is_private=form.has("private"),
            )
    except SAID_IN_THE_FORM as error:
        return new(ask, error)
    return see(f"/collections/{made.slug}")


def one(ask: Ask) -> Response:
    """A collection and what it holds."""
    return _one(ask)


def change(ask: Ask) -> Response:
    """One of the forms of that page."""
    try:
        with ask.ground.write() as tx:
            found = _found(ask, tx)
            if ask.form.get("act") == "delete":
                actions.remove(tx, ask.actor, found)
                return see("/collections")
            _change(ask, tx, found)
            found = queries.collection(tx, ask.actor, found.owner.name, found.key)
    except SAID_IN_THE_FORM as error:
        return _one(ask, error)
    return see(f"/collections/{found.slug}")


def _change(ask: Ask, tx: Tx, found: Collection) -> None:
    form, actor = ask.form, ask.actor
    act, key = form.get("act"), form.get("item")
    if act == "add":
        kind, name = form.get("kind"), form.get("name")
        actions.add(tx, actor, found, kind=kind, name=name, note=form.get("note"))
    elif act == "note":
        actions.change_item(tx, actor, found, key, note=form.get("note"))
    elif act == "place":
        position = whole(form.get("position"), digits_max=PLACE_DIGITS_MAX) or 0
        actions.change_item(tx, actor, found, key, position=position)
    elif act == "take-out":
        actions.take_out(tx, actor, found, key)
    elif act in ("recommend", "unrecommend"):
        actions.recommend(tx, actor, found, wanted=act == "recommend")
    elif act == "change":
        actions.change(
            tx,
            actor,
            found,
            title=form.get("title"),
            description=form.get("description"),
            is_private=form.has("private"),
        )
    else:
        raise Invalid("This form says nothing that can be done here.")


def _found(ask: Ask, tx: Tx) -> Collection:
    return queries.collection(tx, ask.actor, ask.part("namespace"), ask.part("slug"))


def _one(ask: Ask, error: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        found = _found(ask, tx)
        held = queries.items(tx, ask.actor, [found.id])[found.id]
        recommended = queries.recommends(tx, ask.actor, found.id)
    return ask.page(
        "collections/one.html",
        collection=found,
        items=held,
        kinds=list(rules.ItemKind),
        may_keep=may(ask.actor, Act.WRITE, Subject(found.owner.id)),
        recommended=recommended,
        signed_in=ask.actor.id is not None,
        fault=error.message if error else "",
        status=problems.status(error) if error else 200,
        twin=f"/api/collections/{found.slug}",
    )


ROUTES = [
    get("/collections", listed, access=Access.ANYONE),
    get("/new-collection", new, access=Access.SIGNED_IN),
    post("/new-collection", create, access=Access.SIGNED_IN),
    get("/collections/{namespace}/{slug}", one, access=Access.ANYONE),
    post("/collections/{namespace}/{slug}", change, access=Access.SIGNED_IN),
]
