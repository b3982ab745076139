"""The first page: what this hub is, what is new, what is decided, how to connect one's tools."""

from starlette.responses import Response

from iriai.base.routing import Access
from iriai.commons.proposals import everywhere, telling
from iriai.repos import queries as repos
from iriai.repos.queries import Filters, Sort
from iriai.repos.rules import Kind
from iriai.web.door import Ask, get
from iriai.web.rows import rows
from iriai.web.texts import gettext as _

NEWEST = 6
DECIDING = 4


def home(ask: Ask) -> Response:
    """The first page."""
    newest = []
    example = ""
    with ask.ground.read() as tx:
        for kind, title, more in (
            (Kind.MODEL, _("Newest models"), _("All models")),
            (Kind.DATASET, _("Newest datasets"), _("All datasets")),
        ):
            filters = Filters(kind=kind, narrow=repos.made_by_people)
            page = repos.listing(tx, ask.actor, filters, Sort.UPDATED, None, NEWEST)
            shown = rows(tx, page.repos)
            newest.append((kind.value, title, more, shown))
            if kind is Kind.MODEL:
                example = next((each.full_name for each in shown if each.parameters), example)
        counts = repos.counts(tx, ask.actor)
        deciding = everywhere.running(tx, DECIDING)
    figures = [
        (counts.get(Kind.MODEL, 0), _("model"), _("models")),
        (counts.get(Kind.DATASET, 0), _("dataset"), _("datasets")),
        (counts.get(Kind.SPACE, 0), _("space"), _("spaces")),
    ]
    return ask.page(
        "home.html",
        newest=newest,
        deciding=deciding,
        states=telling.STATES,
        figures=[each for each in figures if each[0]],
        example=example,
        sign_up_open=ask.ground.settings.sign_up == "open",
    )


ROUTES = [get("/", home, access=Access.ANYONE)]
