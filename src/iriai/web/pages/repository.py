"""A repository's first page: its card, what is known of it, and how to use it."""

from collections.abc import Container
from datetime import date
from typing import Any

from starlette.responses import Response

from iriai.base.errors import Denied, HubError, Unavailable, Unknown
from iriai.base.routing import Access
from iriai.base.tx import Tx
from iriai.blobs import queries as blobs
from iriai.cards import queries as cards
from iriai.cards import reading
from iriai.cards.files import range_reader
from iriai.cards.queries import Card
from iriai.evaluations import queries as evaluations
from iriai.evaluations.rules import Benchmark, Found
from iriai.gates import queries as gates
from iriai.gates.rules import Status, shut_out
from iriai.repos import queries as repos
from iriai.repos import rules, withheld
from iriai.repos.git.entries import File
from iriai.repos.rules import Kind, Repo, Visibility
from iriai.search import queries as search
from iriai.search.rules import Asked
from iriai.social import queries as social
from iriai.web import links, shown, snippets, viewing
from iriai.web.door import Ask, get
from iriai.web.repository import frame, of_each_kind
from iriai.web.texts import gettext as _

README = "README.md"
README_BYTES_MAX = 1 << 20
TAGS_MAX = 40
RELATED_MAX = 4
NAME_LENGTH_MAX = 100
LANGUAGES_MAX = 6
RESULTS_MAX = 12
FILES_MAX = 1_000
BUILT_MAX = 4


def card(ask: Ask, kind: Kind, full_name: str) -> Response:
    """The card of a repository."""
    with ask.ground.read() as tx:
        repo = repos.repo(tx, ask.actor, kind, full_name)
        known = cards.card(tx, repo.id)
        held = blobs.bytes_held(tx, repo.id)
        related = _related(tx, ask, known)
        liked = social.likes(tx, ask.actor, repo)
        scores, benchmark = _evaluations(tx, repo)
        fetched = search.downloads_by_day(tx, repo.id) if repo.downloads else []
        built = _built_on(tx, ask, repo)
        hidden = withheld.hidden(tx, repo)
    refused, gate = _refusal(ask, repo)
    readme, names = ("", []) if refused and gate is None else _readme(ask, repo, hidden)
    writes = rules.may_write(ask.actor, repo)
    return ask.page(
        "repository/card.html",
        **frame(ask, repo),
        liked=liked,
        twin=links.twin(repo),
        card_html=_html(repo, readme),
        card_faults=_card_faults(repo, readme) if writes else (),
        card_lang=known.languages[0] if known and len(known.languages) == 1 else "",
        refused=refused,
        gate=gate,
        empty=not set(names) - {".gitattributes"},
        bare=not set(names) - {".gitattributes", README},
        commit=repo.head,
        snippets=snippets.snippets(repo, known, names, ask.ground.settings.url),
        facts=_facts(repo, known, related, held + repo.git_bytes),
        tags=_tags(repo, known),
        weights=_weights(known),
        scores=scores.kept[:RESULTS_MAX],
        score_faults=scores.faults if writes else (),
        benchmark=benchmark,
        fetched=_fetched(fetched),
        built=built,
        built_tag=_tag(repo),
        preview=None if refused else _preview(ask, repo, hidden),
    )


def _preview(ask: Ask, repo: Repo, hidden: Container[str]) -> dict[str, Any] | None:
    """The first rows of a dataset: of the file a reader would open first."""
    if repo.kind is not Kind.DATASET or repo.head is None:
        return None
    objects = repos.objects(ask.ground, repo.id)
    paths = [path for path in objects.paths(repo.head, FILES_MAX) if path not in hidden]
    tables = sorted(filter(viewing.is_table, paths), key=_first_to_open)
    file = objects.find_entry(repo.head, tables[0]) if tables else None
    if not isinstance(file, File) or not file.size:
        return None
    read = range_reader(ask.ground, repo.id, file)
    rows = viewing.preview(file.path, read, file.size) if read else None
    return rows and {**rows, "path": file.path, "more": len(tables) - 1}


def _first_to_open(path: str) -> tuple[bool, int, int, str]:
    """Training data before the rest, what lies at the top before what lies deep, short names."""
    return "train" not in path.lower(), path.count("/"), len(path), path


def _evaluations(tx: Tx, repo: Repo) -> tuple[Found, Benchmark | None]:
    """What a model scored, and whether a dataset is a benchmark."""
    if repo.kind is Kind.MODEL:
        return evaluations.of_model(tx, repo), None
    is_dataset = repo.kind is Kind.DATASET
    return Found(), evaluations.find_benchmark(tx, repo) if is_dataset else None


def _refusal(ask: Ask, repo: Repo) -> tuple[str, str | None]:
    """Why the files of a repository are closed to this reader; and at a gate, what to do there.

    A gate is before the files; the card outside it says what is behind.
    """
    try:
        rules.require_read(ask.actor, repo)
    except rules.AtGate:
        with ask.ground.read() as tx:
            mine = gates.own(tx, ask.actor, repo)
        steps = {Status.PENDING: _("See your request"), Status.REJECTED: _("See the refusal")}
        step = steps.get(mine.status) if mine else None
        return shut_out(repo, mine), step or _("Ask for access")
    except Denied as error:
        return error.message, None
    return "", None


def _readme(ask: Ask, repo: Repo, hidden: Container[str]) -> tuple[str, list[str]]:
    """The card's text, and the names at the top of the tree."""
    if repo.head is None:
        return "", []
    objects = repos.objects(ask.ground, repo.id)
    names = [entry.path for entry in objects.tree(repo.head).entries]
    if README in hidden:
        return "", names
    try:
        readme = objects.entry(repo.head, README)
    except Unknown:
        return "", names
    if not isinstance(readme, File) or readme.lfs or readme.size > README_BYTES_MAX:
        return "", names
    return objects.blob(readme.oid).decode("utf-8", "replace"), names


def _html(repo: Repo, readme: str) -> str | None:
    """The card as a page shows it; None where it says nothing."""
    if not readme:
        return None
    from iriai.cards import render  # noqa: PLC0415 - five megabytes

    html = render.html(
        readme,
        resolve=links.repo(repo, "image", rev="main") + "/",
        blob=links.repo(repo, "blob", rev="main") + "/",
    )
    return html if html.strip() else None


def _card_faults(repo: Repo, readme: str) -> tuple[str, ...]:
    """What of the card's metadata cannot be taken, for whoever can put it right."""
    try:
        return reading.validation(readme, repo.kind.value).errors if readme else ()
    except Unavailable:
        return ()


def _facts(
    repo: Repo, card: Card | None, related: list[tuple[str, str, str]], size: int
) -> list[tuple[str, str, str]]:
    """What is known of a repository: name, value, and where the value leads."""
    found: list[tuple[str, Any, str]] = []
    kind = repo.kind.value
    if card is not None:
        found += [
            (
                _("Task"),
                card.pipeline_tag,
                links.listing(kind, pipeline_tag=card.pipeline_tag or ""),
            ),
            (_("Library"), card.library_name, links.listing(kind, library=card.library_name or "")),
            (_("Licence"), card.licence, links.listing(kind, license=card.licence or "")),
        ]
        found += [
            (_("Language"), each, links.listing(kind, language=each))
            for each in card.languages[:LANGUAGES_MAX]
        ]
        found += related
    found += [(_("Downloads"), shown.whole(repo.downloads), "")]
    found += [(_("Size"), shown.size(size), "")]
    return [(name, str(value), link) for name, value, link in found if value]


def _fetched(days: list[tuple[date, int]]) -> dict[str, Any] | None:
    """Downloads day by day, and on which day there were most; None where there are none."""
    counts = [count for _, count in days]
    if not any(counts):
        return None
    most = max(counts)
    return {"counts": counts, "most": most, "on": days[counts.index(most)][0]}


def _tag(repo: Repo) -> str:
    """The tag of what was made from a model or trained on a dataset."""
    word = {Kind.MODEL: "base_model", Kind.DATASET: "dataset"}.get(repo.kind, "")
    return f"{word}:{repo.full_name}" if word else ""


def _built_on(tx: Tx, ask: Ask, repo: Repo) -> list[Repo]:
    """The first few models that say they were made from this one, or trained on this dataset."""
    tag = _tag(repo)
    if not tag or repo.visibility is Visibility.PRIVATE:
        return []
    asked = Asked(Kind.MODEL.value, tags=(tag,))
    return search.found(tx, ask.actor, asked, limit=BUILT_MAX + 1).repos


def _related(tx: Tx, ask: Ask, card: Card | None) -> list[tuple[str, str, str]]:
    """The models and datasets that a card names, with a link to those the reader can see here."""
    found: list[tuple[str, str, str]] = []
    for key, title, kind in (
        ("base_model", _("Base model"), Kind.MODEL),
        ("datasets", _("Trained on"), Kind.DATASET),
    ):
        given = card.data.get(key) if card else None
        values = (given if isinstance(given, list) else [given])[:RELATED_MAX]
        names = [value[:NAME_LENGTH_MAX] for value in values if isinstance(value, str) and value]
        found += [(title, name, _link(tx, ask, kind, name)) for name in names]
    return found


def _link(tx: Tx, ask: Ask, kind: Kind, full_name: str) -> str:
    try:
        return links.repo(repos.repo(tx, ask.actor, kind, full_name))
    except HubError:
        return ""


def _tags(repo: Repo, card: Card | None) -> list[tuple[str, str]]:
    if card is None:
        return []
    said = {card.pipeline_tag, card.library_name, *card.languages}
    plain = [tag for tag in card.tags if ":" not in tag and tag not in said]
    return [(tag, links.listing(repo.kind.value, tag=tag)) for tag in plain[:TAGS_MAX]]


def _weights(card: Card | None) -> dict[str, Any] | None:
    header = (card.safetensors or card.gguf) if card else None
    if not header or not isinstance(header.get("total"), int) or not header["total"]:
        return None
    types = header.get("parameters")
    listed = [(str(name), int(n)) for name, n in types.items()] if isinstance(types, dict) else []
    return {"total": header["total"], "types": sorted(listed, key=lambda pair: -pair[1])}


ROUTES = [*of_each_kind(get, "", card, access=Access.ANYONE)]
