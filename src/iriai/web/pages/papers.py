"""Papers, as far as cards cite them: a list, and of each paper what cites it."""

from starlette.responses import Response

from iriai.api.papers import NUMBER, QUERY_LENGTH_MAX
from iriai.base.errors import Unknown
from iriai.base.routing import Access
from iriai.cards import papers
from iriai.web import links
from iriai.web.door import Ask, get
from iriai.web.rows import rows

PAGE = 30
PAGES_MAX = 1_000
CITING_SHOWN_MAX = 100
ARXIV = "https://arxiv.org/abs/"


def listed(ask: Ask) -> Response:
    """The papers that were cited last, or those that a search finds."""
    words = ask.query("q").replace("\x00", "")[:QUERY_LENGTH_MAX].strip()
    page = ask.number("p", 0, most=PAGES_MAX)
    with ask.ground.read() as tx:
        if words:
            found = papers.search(tx, ask.actor, words, limit=papers.PAGE_MAX)
            more = False
        else:
            asked = papers.cited_between(tx, ask.actor, None, None, None, page, limit=PAGE)
            found, more = asked, len(asked) == PAGE
    return ask.page(
        "papers/list.html",
        papers=found,
        words=words,
        newer=links.with_query("/papers", p=page - 1 or None) if page and not words else "",
        older=links.with_query("/papers", p=page + 1) if more else "",
        twin=links.with_query("/api/papers/search", q=words) if words else "/api/daily_papers",
    )


def paper(ask: Ask) -> Response:
    """One paper, and the repositories whose cards cite it."""
    number = ask.part("paper")
    if not NUMBER.fullmatch(number):
        raise Unknown("No card on this hub cites this paper.", code="PaperNotFound")
    with ask.ground.read() as tx:
        citing = papers.citing(tx, ask.actor, number)
        shown = rows(tx, citing[:CITING_SHOWN_MAX])
    return ask.page(
        "papers/one.html",
        number=number,
        arxiv=ARXIV + number,
        count=len(citing),
        repos=shown,
        twin=f"/api/papers/{number}",
    )


ROUTES = [
    get("/papers", listed, access=Access.ANYONE),
    get("/papers/{paper}", paper, access=Access.ANYONE),
]
