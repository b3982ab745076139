"""Lists of models, datasets and spaces, with filters and an order. The filters are a plain form."""

from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from iriai.base.errors import Invalid
from iriai.base.routing import Access
from iriai.cards import queries as cards
from iriai.cards.vocabulary import LICENCES, TASKS
from iriai.repos import queries as repos
from iriai.repos.queries import Filters, Sort
from iriai.repos.rules import Kind
from iriai.web import links
from iriai.web.door import Ask, get
from iriai.web.rows import rows
from iriai.web.texts import gettext as _

PAGE_LENGTH = 30
WORD_LENGTH_MAX = 100
CURSOR_LENGTH_MAX = 400

SORTS = {
    "modified": (Sort.UPDATED, _("newest change")),
    "created": (Sort.CREATED, _("newest made")),
    "downloads": (Sort.DOWNLOADS, _("most downloads")),
    "likes": (Sort.LIKES, _("most liked")),
}
LIBRARIES = (
    "transformers", "diffusers", "sentence-transformers", "peft", "timm", "gguf", "safetensors",
    "pytorch", "onnx", "keras", "sklearn", "spacy", "fasttext", "mlx",
)  # fmt: skip
LANGUAGES = (
    "ar", "bn", "de", "en", "es", "fa", "fr", "ha", "hi", "id", "it", "ja", "ko", "mi", "nl", "pl",
    "pt", "ru", "sw", "ta", "tr", "uk", "ur", "vi", "yo", "zh", "zu",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facet:
    """One filter: its name in the query, its title, what is chosen, what is suggested."""

    name: str
    title: str
    chosen: str
    values: tuple[str, ...]


def listing(ask: Ask, *, kind: Kind) -> Response:
    """Repositories of one kind, a page at a time."""
    chosen = {
        name: _word(ask, name)
        for name in ("search", "author", "pipeline_tag", "library", "language", "license", "tag")
    }
    sort = ask.query("sort") if ask.query("sort") in SORTS else "modified"
    cursor = ask.query("cursor")[:CURSOR_LENGTH_MAX] or None
    with ask.ground.read() as tx:
        page = repos.listing(
            tx, ask.actor, _filters(kind, chosen), SORTS[sort][0], cursor, PAGE_LENGTH
        )
        found = rows(tx, page.repos)
    plural = links.PLURALS[kind.value]
    kept = {name: value for name, value in chosen.items() if value} | {"sort": ask.query("sort")}
    here = partial(links.with_query, f"/{plural}", **kept)
    return ask.page(
        "listing.html",
        twin=links.with_query(f"/api/{plural}", search=chosen["search"], author=chosen["author"]),
        kind=kind.value,
        plural=plural,
        filters={**chosen, "sort": sort},
        filtered=any(chosen.values()),
        facets=_facets(kind, chosen),
        sorts=[(name, text) for name, (_sort, text) in SORTS.items()],
        repos=found,
        said=_said(len(found), more=page.after is not None or cursor is not None),
        newer=here() if cursor else None,
        older=here(cursor=page.after) if page.after else None,
        **_words(kind),
    )


def _word(ask: Ask, name: str) -> str:
    found = " ".join(ask.query(name).split())
    if len(found) > WORD_LENGTH_MAX:
        raise Invalid(f"A filter has at most {WORD_LENGTH_MAX} characters.")
    return found


def _filters(kind: Kind, chosen: dict[str, str]) -> Filters:
    wanted = cards.Wanted(
        tags=(chosen["tag"],) if chosen["tag"] else (),
        pipeline_tag=chosen["pipeline_tag"] or None,
        library=chosen["library"] or None,
        language=chosen["language"] or None,
        licence=chosen["license"] or None,
    )
    return Filters(
        kind=kind,
        author=chosen["author"] or None,
        search=chosen["search"] or None,
        narrow=(
            (lambda query, repo_id: cards.narrowed(query, repo_id, wanted))
            if wanted != cards.Wanted()
            else None
        ),
    )


def _facets(kind: Kind, chosen: dict[str, str]) -> list[Facet]:
    asked = [
        ("pipeline_tag", _("Task"), tuple(sorted(TASKS))),
        ("library", _("Library"), LIBRARIES),
        ("language", _("Language"), LANGUAGES),
        ("license", _("Licence"), tuple(LICENCES)),
        ("tag", _("Tag"), ()),
        ("author", _("Owner"), ()),
    ]
    left_out = {Kind.MODEL: (), Kind.DATASET: ("library", "pipeline_tag")}.get(
        kind, ("library", "pipeline_tag", "language")
    )
    return [
        Facet(name, title, chosen[name], values)
        for name, title, values in asked
        if name not in left_out
    ]


def _said(count: int, *, more: bool) -> str:
    if more:
        return _("{count} on this page").format(count=count)
    return _("1 found") if count == 1 else _("{count} found").format(count=count)


def _words(kind: Kind) -> dict[str, str]:
    return {
        Kind.MODEL: {
            "title": _("Models"),
            "nothing": _("No model yet"),
            "new": "/new",
            "make": _("New model"),
        },
        Kind.DATASET: {
            "title": _("Datasets"),
            "nothing": _("No dataset yet"),
            "new": "/new-dataset",
            "make": _("New dataset"),
        },
        Kind.SPACE: {
            "title": _("Spaces"),
            "nothing": _("No space yet"),
            "new": "/new-space",
            "make": _("New space"),
        },
    }[kind]


ROUTES = [
    get("/models", partial(listing, kind=Kind.MODEL), access=Access.ANYONE),
    get("/datasets", partial(listing, kind=Kind.DATASET), access=Access.ANYONE),
    get("/spaces", partial(listing, kind=Kind.SPACE), access=Access.ANYONE),
]
