"""Lists of models, datasets and spaces, with filters and an order. The filters are a plain form."""

from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from iriai.base.errors import Invalid
from iriai.base.routing import Access
from iriai.identity.tables import AccountKind
from iriai.repos.rules import Kind
from iriai.search import facets
from iriai.search import queries as search
from iriai.search.rules import Asked, Order, parameters
from iriai.web import links
from iriai.web.door import Ask, get
from iriai.web.rows import rows
from iriai.web.texts import gettext as _

PAGE_LENGTH = 30
WORD_LENGTH_MAX = 100
CURSOR_LENGTH_MAX = 400
TAGS_MAX = 500
SUGGESTED_MAX = 60
"""How many values a filter suggests; one may write any other."""

SORTS = {
    "trending": (Order.TRENDING, _("most wanted this week")),
    "modified": (Order.UPDATED, _("newest change")),
    "created": (Order.CREATED, _("newest made")),
    "downloads": (Order.DOWNLOADS, _("most downloads")),
    "likes": (Order.LIKES, _("most liked")),
}
USUAL = "trending"
SIZES = {
    "": (None, _("any")),
    "max:1B": ("max:1B", _("up to 1 billion")),
    "min:1B,max:10B": ("min:1B,max:10B", _("1 to 10 billion")),
    "min:10B,max:100B": ("min:10B,max:100B", _("10 to 100 billion")),
    "min:100B": ("min:100B", _("100 billion and more")),
}
"""How many parameters a model has, as `num_parameters` says it."""
PEOPLE_MAX = 5
NAME_LENGTH_MIN = 3
SDKS = ("gradio", "docker", "static", "streamlit")


@dataclass(frozen=True, slots=True)
class Facet:
    """One filter: its name in the query, its title, what is chosen, what there is and how often."""

    name: str
    title: str
    chosen: str
    values: tuple[tuple[str, int], ...]


def listing(ask: Ask, *, kind: Kind) -> Response:
    """Repositories of one kind, a page at a time."""
    chosen = {name: _word(ask, name) for name in NAMES}
    if chosen["size"] not in SIZES:
        chosen["size"] = ""
    sort = ask.query("sort") if ask.query("sort") in SORTS else USUAL
    cursor = ask.query("cursor")[:CURSOR_LENGTH_MAX] or None
    with ask.ground.read() as tx:
        page = search.found(
            tx,
            ask.actor,
            _asked(kind, chosen),
            SORTS[sort][0],
            after=cursor,
            limit=PAGE_LENGTH,
            named_first=not ask.query("sort"),
        )
        found = rows(tx, page.repos)
        people = search.people(tx, chosen["search"], PEOPLE_MAX) if _is_name(chosen) else []
        known = facets.by_type(kind, search.tags(tx, kind, TAGS_MAX))
    plural = links.PLURALS[kind.value]
    kept = {name: value for name, value in chosen.items() if value} | {"sort": ask.query("sort")}
    here = partial(links.with_query, f"/{plural}", **kept)
    return ask.page(
        "listing.html",
        twin=links.with_query(f"/api/{plural}", **_twin(chosen)),
        kind=kind.value,
        plural=plural,
        filters={**chosen, "sort": sort},
        filtered=any(chosen.values()),
        narrowed=any(value for name, value in chosen.items() if name != "search"),
        facets=_facets(kind, chosen, known),
        sizes=[(name, text) for name, (_bounds, text) in SIZES.items()],
        sorts=[(name, text) for name, (_sort, text) in SORTS.items()],
        repos=found,
        people=[(name, each == AccountKind.ORGANISATION) for each, name, _fullname in people],
        elsewhere=_elsewhere(kind, chosen["search"]),
        meant=[(run, ", ".join(words)) for run, words in page.meant.items() if words != (run,)],
        said=_said(len(found), more=page.after is not None or cursor is not None),
        newer=here() if cursor else None,
        older=here(cursor=page.after) if page.after else None,
        **_words(kind),
    )


NAMES = (
    "search", "author", "pipeline_tag", "task", "library", "language", "license", "size", "sdk",
    "tag",
)  # fmt: skip


def _is_name(chosen: dict[str, str]) -> bool:
    """Whether somebody may be looked for: one word and nothing else, long enough to mean one."""
    words = chosen["search"]
    is_one = " " not in words and len(words) >= NAME_LENGTH_MIN
    return is_one and [value for value in chosen.values() if value] == [words]


def _elsewhere(kind: Kind, words: str) -> list[tuple[str, str]]:
    """Where else these words can be looked for: what is there, and its address."""
    names = {Kind.MODEL: _("models"), Kind.DATASET: _("datasets"), Kind.SPACE: _("spaces")}
    return [
        (name, links.with_query(f"/{links.PLURALS[each.value]}", search=words))
        for each, name in names.items()
        if words and each is not kind
    ]


def _word(ask: Ask, name: str) -> str:
    found = " ".join(ask.query(name).split())
    if len(found) > WORD_LENGTH_MAX:
        raise Invalid(f"A filter has at most {WORD_LENGTH_MAX} characters.")
    return found


def _asked(kind: Kind, chosen: dict[str, str]) -> Asked:
    bounds = SIZES[chosen["size"]][0]
    low, high = parameters(bounds) if bounds else (None, None)
    tags = [chosen["tag"]] if chosen["tag"] else []
    if chosen["task"]:
        tags.append(f"task_categories:{chosen['task'].removeprefix('task_categories:')}")
    return Asked(
        kind=kind.value,
        search=(chosen["search"],) if chosen["search"] else (),
        tags=tuple(tags),
        author=chosen["author"] or None,
        pipeline_tag=chosen["pipeline_tag"] or None,
        library=chosen["library"] or None,
        language=chosen["language"] or None,
        licence=chosen["license"] or None,
        parameters_min=low,
        parameters_max=high,
        sdks=(chosen["sdk"],) if chosen["sdk"] else (),
    )


def _twin(chosen: dict[str, str]) -> dict[str, str]:
    """The same question for `/api/…`."""
    plain = {name: chosen[name] for name in ("search", "author", "pipeline_tag", "library")}
    plain |= {name: chosen[name] for name in ("language", "license", "sdk")}
    task = f"task_categories:{chosen['task']}" if chosen["task"] else ""
    plain["filter"] = ",".join(each for each in (chosen["tag"], task) if each)
    return {name: value for name, value in plain.items() if value} | (
        {"num_parameters": chosen["size"]} if chosen["size"] else {}
    )


def _facets(
    kind: Kind, chosen: dict[str, str], known: dict[str, list[facets.Known]]
) -> list[Facet]:
    asked = {
        Kind.MODEL: ("pipeline_tag", "library", "language", "license", "tag", "author"),
        Kind.DATASET: ("task", "language", "license", "tag", "author"),
        Kind.SPACE: ("sdk", "license", "tag", "author"),
    }[kind]
    titles = {
        "pipeline_tag": _("Task"), "task": _("Task"), "library": _("Library"),
        "language": _("Language"), "license": _("Licence"), "sdk": _("SDK"), "tag": _("Tag"),
        "author": _("Owner"),
    }  # fmt: skip
    types = {"task": "task_categories", "tag": "other"}

    def values(name: str) -> tuple[tuple[str, int], ...]:
        if name == "sdk":
            return tuple((sdk, 0) for sdk in SDKS)
        found = known.get(types.get(name, name), [])[:SUGGESTED_MAX]
        return tuple((each.id.rpartition(":")[2], each.count) for each in found)

    return [Facet(name, titles[name], chosen[name], values(name)) for name in asked]


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
