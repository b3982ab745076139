"""Taking a commons along: a member asks for an export, and fetches it within a week."""

from starlette.responses import Response

from iriai.base.errors import HubError
from iriai.base.routing import Access
from iriai.commons import queries as commons_queries
from iriai.commons.exit import asking
from iriai.web import links, problems
from iriai.web.door import Ask, get, post, see
from iriai.web.texts import gettext as _

NEXT = _(
    "Ask, and a file of everything is made; large commons take minutes. It stands here for "
    "{days} days, then it is removed and you can ask again. Nobody needs to agree."
)
MAKING = _("An export is being made. Look at this page again in a minute; it stands here then.")


def export(ask: Ask) -> Response:
    """What an export holds, and those that are there."""
    return _export(ask)


def have_made(ask: Ask) -> Response:
    """Have one made."""
    try:
        with ask.ground.write() as tx:
            named = commons_queries.commons(tx, ask.part("name"))
            asking.ask(tx, ask.actor, named.id)
    except HubError as error:
        return _export(ask, error=error)
    return see(links.commons(named.name, "export"))


def _export(ask: Ask, *, error: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        named = commons_queries.commons(tx, ask.part("name"))
        may = asking.may_ask(tx, named.id, ask.actor.id)
        found = asking.exports(tx, named.id) if may else []
        kept = [
            {"row": each, "address": asking.address(ask.ground, named.name, each)} for each in found
        ]
    making = any(each.ready_at is None for each in found)
    return ask.page(
        "commons/export.html",
        tab="export",
        commons=named,
        may=may,
        kept=kept,
        making=making,
        next_step=MAKING if making else NEXT.format(days=asking.KEPT.days),
        fault=error.message if error else "",
        status=problems.status(error) if error else 200,
    )


ROUTES = [
    get("/commons/{name}/export", export, access=Access.ANYONE),
    post("/commons/{name}/export", have_made, access=Access.SIGNED_IN),
]
