"""Papers, in the words of `hf_api.PaperInfo`: as much as the cards of this hub say of them.

A paper is known here by its arXiv number and by what cites it; its title, authors and abstract are
on arXiv, and left out. The papers of a day are those that a repository made that day cites first.
"""

import re
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from iriai.api import address, door, shapes
from iriai.api.bodies import query_number
from iriai.base.errors import Invalid, Unknown
from iriai.base.numbers import whole
from iriai.base.routing import Access, DeclaredRoute, route
from iriai.base.tx import Tx
from iriai.cards import papers
from iriai.cards.papers import PAGE_MAX, Paper
from iriai.repos.rules import Kind, Repo

PAGE = 50
QUERY_LENGTH_MAX = 300
PAGES_MAX = 10_000
NUMBER = re.compile(r"\d{4}\.\d{4,5}")
MONTH = re.compile(r"(\d{4})-(\d{2})")
WEEK = re.compile(r"(\d{4})-W(\d{2})")
LINKED_MAX = 50
MONTHS_IN_A_YEAR = 12

Period = tuple[datetime | None, datetime | None]


@door.reading
def one(request: Request, tx: Tx) -> Response:
    """A paper and what cites it. Called by `paper_info`."""
    number = number_in(request)
    found = papers.citing(tx, door.actor_of(request), number)
    shape = paper_shape(Paper(number, len(found), min(each.created_at for each in found)))
    for kind, name in ((Kind.MODEL, "Models"), (Kind.DATASET, "Datasets"), (Kind.SPACE, "Spaces")):
        of_kind = [each for each in found if each.kind is kind]
        shape[f"linked{name}"] = [linked(each) for each in of_kind[:LINKED_MAX]]
        shape[f"numTotal{name}"] = len(of_kind)
    return door.json_answer(shape)


@door.reading_at_length
def search(request: Request, tx: Tx) -> Response:
    """Papers by number, or by the names of what cites them. Called by `list_papers`."""
    words = request.query_params.get("q", "")
    if len(words) > QUERY_LENGTH_MAX:
        raise Invalid(f"A search has at most {QUERY_LENGTH_MAX} characters.")
    limit = query_number(request, "limit", default=PAGE, most=PAGE_MAX)
    found = papers.search(tx, door.actor_of(request), words, limit=limit)
    return door.json_answer([entry(each) for each in found])


@door.reading_at_length
def daily(request: Request, tx: Tx) -> Response:
    """Papers by the day they were first cited. Called by `list_daily_papers`."""
    query = request.query_params
    page = whole(query.get("p", "0"), digits_max=len(str(PAGES_MAX)))
    if page is None:
        raise Invalid('"p" must be a page number from 0.')
    if query.get("sort", "publishedAt") not in ("publishedAt", "trending"):
        raise Invalid('"sort" must be one of [publishedAt, trending].')
    start, end = period(query.get("date"), query.get("week"), query.get("month"))
    limit = query_number(request, "limit", default=PAGE, most=PAGE_MAX)
    viewer, owner = door.actor_of(request), query.get("submitter") or None
    found = papers.cited_between(tx, viewer, start, end, owner, page, limit=limit)
    if query.get("sort") == "trending":
        found.sort(key=lambda each: -each.cited)
    return door.json_answer([entry(each) for each in found])


@door.reading
def markdown(request: Request, tx: Tx) -> Response:
    """A paper's page as Markdown. Called by `read_paper`."""
    number, base = number_in(request), door.base_url(request)
    found = papers.citing(tx, door.actor_of(request), number)
    lines = [f"# arXiv:{number}", "", f"<https://arxiv.org/abs/{number}>", "", "Cited here by:", ""]
    lines += [
        f"- [{each.full_name}]({address.repo_url(base, each.kind, each.full_name)}) ({each.kind})"
        for each in found
    ]
    return Response("\n".join(lines) + "\n", media_type="text/markdown; charset=utf-8")


def paper_shape(found: Paper) -> shapes.Shape:
    """What is known of a paper itself."""
    return {
        "id": found.id,
        "title": f"arXiv:{found.id}",
        "source": "arxiv",
        "upvotes": 0,
        "numComments": 0,
        "submittedOnDailyAt": shapes.moment(found.since),
    }


def entry(found: Paper) -> shapes.Shape:
    """A paper in a list."""
    shape = paper_shape(found)
    return {**shape, "paper": {"id": found.id}, "numCitingRepos": found.cited}


def linked(repo: Repo) -> shapes.Shape:
    """A repository that cites a paper. Read by `ModelInfo`, `DatasetInfo` and `SpaceInfo`."""
    return {
        "_id": shapes.object_id(repo.id),
        "id": repo.full_name,
        "author": repo.owner,
        "likes": repo.likes,
        "downloads": repo.downloads,
        "private": repo.is_private,
        "gated": repo.gated.value if repo.gated else False,
        "lastModified": shapes.moment(repo.updated_at),
        "createdAt": shapes.moment(repo.created_at),
        "tags": [],
    }


def period(day: str | None, week: str | None, month: str | None) -> Period:
    """The day, week or month asked for; everything where none is."""
    try:
        if day:
            start = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
            return start, start + timedelta(days=1)
        if week:
            year, number = (int(each) for each in matched(WEEK, week))
            start = datetime.fromisocalendar(year, number, 1).replace(tzinfo=UTC)
            return start, start + timedelta(days=7)
        if month:
            year, number = (int(each) for each in matched(MONTH, month))
            start = datetime(year, number, 1, tzinfo=UTC)
            after = number == MONTHS_IN_A_YEAR
            return start, datetime(year + after, 1 if after else number + 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Invalid("A day is YYYY-MM-DD, a week YYYY-Www, a month YYYY-MM.") from None
    return None, None


def matched(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    """The groups of a text that must fit."""
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return found.groups()


def number_in(request: Request) -> str:
    """The arXiv number in this address."""
    number = address.decoded(request.path_params["paper"])
    if not NUMBER.fullmatch(number):
        raise Unknown("No card on this hub cites this paper.", code="PaperNotFound")
    return number


_LOOK = ["GET", "HEAD"]
ROUTES: list[DeclaredRoute] = [
    route("/api/papers/search", search, methods=_LOOK, access=Access.ANYONE),
    route("/api/papers/{paper}", one, methods=_LOOK, access=Access.ANYONE),
    route("/papers/{paper}.md", markdown, methods=_LOOK, access=Access.ANYONE),
    route("/api/daily_papers", daily, methods=_LOOK, access=Access.ANYONE),
]
