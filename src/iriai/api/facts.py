"""A repository's info, field by field: each is computed only when it is asked for.

Read by `hf_api.ModelInfo`, `DatasetInfo` and `SpaceInfo`, by hub.js `modelInfo`, `listModels`, and
by every library that decides from `siblings` what to download.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from iriai.api.shapes import Shape, moment, named_sibling, object_id, whole_sibling
from iriai.base.errors import Invalid
from iriai.cards.facts import transformers_info
from iriai.cards.queries import Card
from iriai.cards.rules import texts
from iriai.repos.git.entries import File
from iriai.repos.git.recent import Recent
from iriai.repos.rules import Repo

FileLister = Callable[[], Iterable[File]]
NameLister = Callable[[], Iterable[str]]
LISTS_KEPT = 256
LIST_BYTES_MAX = 64 << 10
LONG_LISTS_KEPT = 3
LONG_LIST_BYTES_MAX = 16 << 20

_lists: Recent[tuple[str | None, bool], bytes] = Recent(LISTS_KEPT)
_long_lists: Recent[tuple[str | None, bool], bytes] = Recent(LONG_LISTS_KEPT)
_making = threading.Lock()
"""One long list is made at a time: many who ask for one do not fill the memory with it."""


@dataclass
class Facts:
    """What there is to say of a repository at one revision."""

    repo: Repo
    sha: str | None
    card: Card | None
    files: FileLister
    names: NameLister
    storage: Callable[[], int]
    may_list: bool
    blobs: bool = False
    trending: Callable[[], int] = lambda: 0
    downloads_ever: Callable[[], int] = lambda: 0
    evaluations: Callable[[], Sequence[Shape]] = tuple
    children: Callable[[], int] = lambda: 0
    spaces: Callable[[], Sequence[str]] = list

    @property
    def siblings(self) -> orjson.Fragment:
        """Its files, as JSON already; their sizes and ids too with `blobs`.

        A commit's files never change and everybody asks for the newest one's, so short lists are
        kept for a while, and a few long ones. Whether the asker may see them was judged before.
        """
        if not self.may_list or self.repo.held_reason is not None:
            return orjson.Fragment(b"[]")
        key = (self.sha, self.blobs)
        kept = _lists.get(key)
        if kept is None:
            with _making:
                kept = _long_lists.get(key) or self._listed()
                if len(kept) <= LIST_BYTES_MAX:
                    _lists.put(key, kept)
                elif len(kept) <= LONG_LIST_BYTES_MAX:
                    _long_lists.put(key, kept)
        return orjson.Fragment(kept)

    def _listed(self) -> bytes:
        """Written piece by piece: as objects, a hundred thousand files are as many megabytes."""
        shapes = (
            map(whole_sibling, self.files()) if self.blobs else map(named_sibling, self.names())
        )
        return b"[" + b",".join(map(orjson.dumps, shapes)) + b"]"


def _card(field: str, default: Any = None) -> Callable[[Facts], Any]:
    """A fact that was read from the repository's card."""
    return lambda facts: getattr(facts.card, field, default) if facts.card else default


def _data(key: str, default: Any = None) -> Callable[[Facts], Any]:
    """A value of the card's own metadata."""
    return lambda facts: (facts.card.data or {}).get(key, default) if facts.card else default


def _listed(key: str, default: Any = None) -> Callable[[Facts], Any]:
    """A value of the card's own metadata that may be one text or several, as a list."""
    return lambda facts: (texts((facts.card.data or {}).get(key)) if facts.card else []) or default


def _always(value: Any) -> Callable[[Facts], Any]:
    """A fact that is the same for every repository of this hub."""
    return lambda _facts: value


def _transformers_info(card: Card | None) -> Shape | None:
    if card is None or card.library_name != "transformers":
        return None
    return transformers_info(card.config, card.pipeline_tag)


def _mask_token(card: Card | None) -> str | None:
    """What the tokenizer's configuration has for it: a text, or a text with how it is cut."""
    tokenizer = card.config.get("tokenizer_config") if card else None
    found = tokenizer.get("mask_token") if isinstance(tokenizer, Mapping) else None
    found = found.get("content") if isinstance(found, Mapping) else found
    return found if isinstance(found, str) else None


EVERY: Mapping[str, Callable[[Facts], Any]] = {
    "author": lambda facts: facts.repo.owner,
    "cardData": _card("data"),
    "createdAt": lambda facts: moment(facts.repo.created_at),
    "disabled": lambda facts: facts.repo.disabled_reason is not None,
    "downloads": lambda facts: facts.repo.downloads,
    "downloadsAllTime": lambda facts: facts.downloads_ever(),
    "gated": lambda facts: facts.repo.gated.value if facts.repo.gated else False,
    "gitalyUid": lambda facts: object_id(facts.repo.id),
    "label": lambda facts: facts.repo.label,
    "lastModified": lambda facts: moment(facts.repo.updated_at),
    "likes": lambda facts: facts.repo.likes,
    "private": lambda facts: facts.repo.is_private,
    "resourceGroup": _always(None),
    "sha": lambda facts: facts.sha,
    "siblings": lambda facts: facts.siblings,
    "tags": lambda facts: list(facts.card.tags) if facts.card else [],
    "trendingScore": lambda facts: facts.trending(),
    "usedStorage": lambda facts: facts.storage(),
    "xetEnabled": _always(True),
}
MODEL: Mapping[str, Callable[[Facts], Any]] = {
    **EVERY,
    "baseModels": _listed("base_model"),
    "childrenModelCount": lambda facts: facts.children(),
    "config": _card("config"),
    "evalResults": lambda facts: list(facts.evaluations()),
    "gguf": _card("gguf"),
    "inference": _always(None),
    "inferenceProviderMapping": _always([]),
    "library_name": _card("library_name"),
    "mask_token": lambda facts: _mask_token(facts.card),
    "model-index": _data("model-index"),
    "pipeline_tag": _card("pipeline_tag"),
    "safetensors": _card("safetensors"),
    "securityRepoStatus": _always({"scansDone": False, "filesWithIssues": []}),
    "spaces": lambda facts: list(facts.spaces()),
    "transformersInfo": lambda facts: _transformers_info(facts.card),
    "widgetData": _data("widget"),
}
DATASET: Mapping[str, Callable[[Facts], Any]] = {
    **EVERY,
    "citation": _always(None),
    "description": _data("description"),
    "mainSize": lambda facts: sum(each.size for each in facts.files()),
    "paperswithcode_id": _data("paperswithcode_id"),
}
SPACE: Mapping[str, Callable[[Facts], Any]] = {
    **EVERY,
    "datasets": _listed("datasets", []),
    "models": _listed("models", []),
    "region": _always(None),
    "runtime": _always(None),
    "sdk": lambda facts: facts.repo.sdk,
    "subdomain": _always(None),
}
FIELDS = {"model": MODEL, "dataset": DATASET, "space": SPACE}


def _words(text: str) -> list[str]:
    return text.split()


UNTOLD = {
    "model": frozenset({"gitalyUid", "label", "securityRepoStatus"}),
    "dataset": frozenset({"gitalyUid", "label"}),
    "space": frozenset({"downloads", "downloadsAllTime", "gated", "gitalyUid", "label"}),
}
"""Fields that are given when asked for, but no error lists: the clients compare lists with theirs.
"""


_INFO = _words(
    """
    author sha lastModified createdAt private gated disabled downloads likes tags siblings cardData
    label
    """
)
INFO = {
    "model": _INFO
    + _words(
        """
        config library_name pipeline_tag safetensors gguf model-index widgetData
        """
    ),
    "dataset": _INFO + _words("description citation paperswithcode_id"),
    "space": _INFO + _words("sdk runtime models datasets"),
}
"""What a repository's info has when nothing particular is asked for."""

ROW = {
    "model": _words(
        """
        author likes trendingScore private downloads tags pipeline_tag library_name createdAt
        """
    ),
    "dataset": _words(
        """
        author disabled gated lastModified likes trendingScore private sha description downloads
        tags createdAt
        """
    ),
    "space": _words("author likes trendingScore private sdk tags createdAt"),
}
"""What a row of a listing has when nothing particular is asked for."""

FULL = ["sha", "lastModified", "gated", "disabled", "siblings"]
"""What `full=true` adds to a row."""

OMITTED_WHEN_NONE = frozenset(
    {"label", "safetensors", "gguf", "runtime", "widgetData", "model-index"}
)
NEVER_NULL = frozenset({"library_name", "pipeline_tag"})
"""What is left out where there is none, even if it was asked for: hub.js always asks."""


def asked_fields(kind: str, expand: Iterable[str]) -> list[str]:
    """The fields that `expand` names, each once; `Invalid` lists what there is."""
    known = FIELDS[kind]
    wanted = list(dict.fromkeys(expand))
    if any(each not in known for each in wanted):
        told = sorted(known.keys() - UNTOLD[kind])
        raise Invalid(f'"expand" must be one of [{", ".join(told)}]')
    return wanted


def info(facts: Facts, fields: Iterable[str], *, asked: bool = False) -> Shape:
    """An info with these fields; where they were `asked` for, absent ones say so with null."""
    repo = facts.repo
    shape: Shape = {"_id": object_id(repo.id), "id": repo.full_name}
    if repo.kind == "model" and not asked:
        shape["modelId"] = repo.full_name
    known = FIELDS[repo.kind]
    for name in fields:
        value = known[name](facts)
        if value is None and (name in NEVER_NULL or (not asked and name in OMITTED_WHEN_NONE)):
            continue
        shape[name] = value
    return shape
